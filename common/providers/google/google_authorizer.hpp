// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::google {

/// Google's OAuth 2.0 for web servers. The clock judges id_token expiry and Retry-After dates; nothing here waits.
class GoogleAuthorizer final : public providers::Authorizer {
 public:
  GoogleAuthorizer(Options options, net::HttpTransport& transport, const Clock& clock);

  std::string authorization_url(const std::string& state, const Secret& verifier,
                                const std::string& login_hint) const override;
  /// A refused code is failure rejected, never grant_dead: only a refused refresh token disconnects anybody.
  Task<Result<net::TokenGrant>> exchange(std::string code, Secret verifier, Deadline deadline) override;
  /// From the id_token, else from the userinfo endpoint.
  Task<Result<providers::Account>> identify(net::TokenGrant grant, Deadline deadline) override;
  Task<Result<net::TokenGrant>> refresh(Secret refresh_token, Deadline deadline) override;
  /// Google revokes per account and Cloud project: every connection of that account made with this client ends.
  Task<Result<void>> revoke(Secret token, Deadline deadline) override;
  std::set<std::string> missing_scopes(const std::set<std::string>& granted) const override;

 private:
  std::vector<std::string> scopes_;
  std::string userinfo_url_;
  net::OAuthClient client_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

/// A userinfo answer: version 1 says `sub`, version 2 says `id`.
Result<providers::Account> parse_userinfo(const net::HttpResponse& response, Time now);

}  // namespace calsync::google
