// SPDX-License-Identifier: Apache-2.0
// Entra ID's v2.0 endpoints.
#pragma once

#include "tests/emulator/provider.hpp"

namespace calsync::emulator::microsoft {

struct EntraCall {
  Provider& provider;
  const Request& request;
  std::string tenant;
};

Response answer_entra_authorize(const EntraCall& call);
Response answer_entra_token(const EntraCall& call);
Response answer_entra_configuration(const EntraCall& call);

// common, organizations, consumers, or the id or domain of a tenant that has an account.
bool known_tenant(const World& world, std::string_view tenant);
bool fits_tenant(const Mailbox& user, std::string_view tenant);
// Whose code or refresh token a token request has; empty when it is none that is known.
std::string entra_account(Provider& provider, const Request& request);
std::string entra_id_token(const Mailbox& user, const std::string& client_id, const std::string& nonce,
                           const std::set<std::string>& scopes);

}  // namespace calsync::emulator::microsoft
