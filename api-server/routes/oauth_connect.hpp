// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/services.hpp"

namespace calsync::api {

/// How a return from the provider ended: a connection, or why there is none (HTTP status, code and sentence for the
/// person).
struct ConnectOutcome {
  std::optional<store::Connected> connected{};
  std::string email{};
  int status = 200;
  std::string code{};
  std::string sentence{};
};

/// Exchanges the code, learns whose account it is, compares the granted scopes, and stores the sealed tokens. `error`
/// is what the provider sent instead of a code.
Task<ConnectOutcome> connect_account(const Services& services, const providers::Adapter& adapter,
                                     sync::Admission admission, store::OAuthFlow flow, std::string code,
                                     std::string error);

}  // namespace calsync::api
