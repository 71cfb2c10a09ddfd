// SPDX-License-Identifier: Apache-2.0
// Authorization codes, access tokens and refresh tokens.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "account.hpp"
#include "scopes.hpp"
#include "settings.hpp"

namespace calsync::emulator {

struct AuthorizationCode {
  Account* account = nullptr;
  std::string redirect_uri, challenge, nonce;
  ScopeSet scopes;
  bool refresh_token_due = false;  // access_type=offline and the consent page was shown
  bool used = false;
  std::int64_t expires_ms = 0;
};

struct RefreshToken {
  std::string value;
  Account* account = nullptr;
  ScopeSet scopes;
  std::int64_t expires_ms = 0;  // 0: no end
};

struct AccessToken {
  Account* account = nullptr;
  ScopeMask mask = 0;
  std::shared_ptr<const ScopeSet> scopes;
  std::int64_t expires_ms = 0;
};

class TokenStore {
 public:
  std::string add_code(AuthorizationCode code);
  AuthorizationCode* find_code(std::string_view value);

  std::string mint_access(Account& account, const ScopeSet& scopes, std::int64_t lifetime_seconds);
  const AccessToken* find_access(std::string_view value) const;  // also expired ones

  std::string mint_refresh(Account& account, const ScopeSet& scopes, const Settings& settings);
  RefreshToken* find_refresh(std::string_view value);  // none that has expired
  void drop_refresh(std::string_view value);
  void retire_refresh(std::string_view value, std::int64_t grace_seconds);  // was replaced; works for so long

  // All of these take null for every account and say how many tokens were hit.
  std::size_t expire_access(const Account* account);
  std::size_t drop_refresh_of(const Account* account);
  std::size_t drop_all_of(const Account* account);
  std::size_t refresh_count(const Account* account) const;
  void clear();

 private:
  void forget_expired();

  StringMap<AuthorizationCode> codes_;
  StringMap<AccessToken> access_;
  StringMap<RefreshToken> refresh_;
  std::unordered_map<const Account*, std::deque<std::string>> refresh_order_;
  std::size_t minted_ = 0;
};

}  // namespace calsync::emulator
