// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"
#include "common/net/oauth2.hpp"

namespace calsync::microsoft {

/// net::parse_token_response, with Entra's numbers (AADSTS…) where they say more than the OAuth error: whether a person
/// has to connect again (grant_dead), the operator has to mend something (misconfigured: never the user's matter), or
/// Entra asks for patience (unavailable, throttled).
Result<net::TokenGrant> parse_entra_tokens(const net::HttpResponse& response, Time now);

}  // namespace calsync::microsoft
