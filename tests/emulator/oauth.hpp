// SPDX-License-Identifier: Apache-2.0
// Google's OAuth 2.0 and OpenID Connect endpoints.
#pragma once

#include "provider.hpp"

namespace calsync::emulator {

Response answer_authorize(Provider& provider, const Request& request);
Response answer_token(Provider& provider, const Request& request);
Response answer_revoke(Provider& provider, const Request& request);
Response answer_tokeninfo(Provider& provider, const Request& request, std::string_view bearer);
Response answer_userinfo(Provider& provider, const Request& request, std::string_view bearer);
Response answer_openid_configuration(const Request& request);
Response answer_certs();

// Whose code or token a call to /token or /revoke is about; empty when it names none that is known.
std::string oauth_account(Provider& provider, const Request& request);

std::string sign_id_token(const Account& account, const std::string& client_id, const std::string& nonce,
                          const std::string& access_token, const ScopeSet& scopes);

}  // namespace calsync::emulator
