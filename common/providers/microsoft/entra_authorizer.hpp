// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/microsoft_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::microsoft {

/// Microsoft Entra ID v2.0 for web applications. The clock judges id_token expiry and Retry-After dates; nothing here
/// waits. Each refresh answers a new refresh token.
class EntraAuthorizer final : public providers::Authorizer {
 public:
  EntraAuthorizer(const Options& options, net::HttpTransport& transport, const Clock& clock);

  std::string authorization_url(const std::string& state, const Secret& verifier,
                                const std::string& login_hint) const override;
  /// A refused code is failure rejected, never grant_dead: only a refused refresh token disconnects anybody.
  Task<Result<net::TokenGrant>> exchange(std::string code, Secret verifier, Deadline deadline) override;
  /// From the id_token (oid in tid), else from /me.
  Task<Result<providers::Account>> identify(net::TokenGrant grant, Deadline deadline) override;
  Task<Result<net::TokenGrant>> refresh(Secret refresh_token, Deadline deadline) override;
  /// Success without a call: Entra has no endpoint that ends one application's grant, only one that signs the person
  /// out of everything. The token is forgotten here; consent is withdrawn in the account's own settings.
  Task<Result<void>> revoke(Secret token, Deadline deadline) override;
  std::set<std::string> missing_scopes(const std::set<std::string>& granted) const override;

 private:
  std::string scope() const;

  std::vector<std::string> scopes_;
  std::string prompt_;
  std::string me_url_;
  net::OAuthClient client_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

/// An answer of /me. `mail` may be null; the user principal name of a guest is no address.
Result<providers::Account> parse_me(const net::HttpResponse& response, Time now);

}  // namespace calsync::microsoft
