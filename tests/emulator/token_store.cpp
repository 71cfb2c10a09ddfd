// SPDX-License-Identifier: Apache-2.0
#include "token_store.hpp"

#include <algorithm>

#include "clock.hpp"
#include "digest.hpp"

namespace calsync::emulator {
namespace {

constexpr std::int64_t code_lifetime_ms = 10 * 60 * 1000;
constexpr std::int64_t remembered_ms = 60 * 60 * 1000;

}  // namespace

std::string TokenStore::add_code(AuthorizationCode code) {
  // Real codes contain a slash, which clients must decode exactly once.
  std::string value = "4/0A" + random_text(60);
  code.expires_ms = now_ms() + code_lifetime_ms;
  codes_.emplace(value, std::move(code));
  return value;
}

AuthorizationCode* TokenStore::find_code(std::string_view value) {
  const auto found = codes_.find(value);
  return found == codes_.end() ? nullptr : &found->second;
}

std::string TokenStore::mint_access(Account& account, const ScopeSet& scopes, std::int64_t lifetime_seconds) {
  if (++minted_ % 4096 == 0) forget_expired();
  std::string value = "ya29.a0" + random_text(120);
  access_.emplace(value, AccessToken{&account, scope_mask(scopes), std::make_shared<const ScopeSet>(scopes),
                                     now_ms() + lifetime_seconds * 1000});
  return value;
}

const AccessToken* TokenStore::find_access(std::string_view value) const {
  const auto found = access_.find(value);
  return found == access_.end() ? nullptr : &found->second;
}

std::string TokenStore::mint_refresh(Account& account, const ScopeSet& scopes, const Settings& settings) {
  std::string value = "1//0" + random_text(90);
  const std::int64_t lifetime = settings.refresh_token_lifetime_seconds;
  refresh_.emplace(value, RefreshToken{value, &account, scopes, lifetime > 0 ? now_ms() + lifetime * 1000 : 0});
  std::deque<std::string>& order = refresh_order_[&account];
  order.push_back(value);
  // The oldest one dies without a word (OAuth overview: 100 live refresh tokens an account and client).
  while (order.size() > static_cast<std::size_t>(settings.refresh_token_limit)) {
    refresh_.erase(order.front());
    order.pop_front();
  }
  return value;
}

RefreshToken* TokenStore::find_refresh(std::string_view value) {
  const auto found = refresh_.find(value);
  if (found == refresh_.end()) return nullptr;
  const std::int64_t expires_ms = found->second.expires_ms;
  return expires_ms > 0 && expires_ms <= now_ms() ? nullptr : &found->second;
}

void TokenStore::drop_refresh(std::string_view value) {
  const auto found = refresh_.find(value);
  if (found == refresh_.end()) return;
  std::erase(refresh_order_[found->second.account], value);
  refresh_.erase(found);
}

void TokenStore::retire_refresh(std::string_view value, std::int64_t grace_seconds) {
  const auto found = refresh_.find(value);
  if (found == refresh_.end() || grace_seconds <= 0) return drop_refresh(value);
  const std::int64_t end = now_ms() + grace_seconds * 1000;
  std::int64_t& expires_ms = found->second.expires_ms;
  expires_ms = expires_ms == 0 ? end : std::min(expires_ms, end);
}

std::size_t TokenStore::expire_access(const Account* account) {
  std::size_t hits = 0;
  for (auto& [value, token] : access_) {
    if (account && token.account != account) continue;
    token.expires_ms = 0;
    ++hits;
  }
  return hits;
}

std::size_t TokenStore::drop_refresh_of(const Account* account) {
  const std::size_t hits =
      std::erase_if(refresh_, [&](const auto& row) { return !account || row.second.account == account; });
  if (account) {
    refresh_order_.erase(account);
  } else {
    refresh_order_.clear();
  }
  return hits;
}

std::size_t TokenStore::drop_all_of(const Account* account) {
  const auto belongs = [&](const auto& row) { return !account || row.second.account == account; };
  std::erase_if(codes_, belongs);
  return drop_refresh_of(account) + std::erase_if(access_, belongs);
}

std::size_t TokenStore::refresh_count(const Account* account) const {
  const auto found = refresh_order_.find(account);
  return found == refresh_order_.end() ? 0 : found->second.size();
}

void TokenStore::clear() { drop_all_of(nullptr); }

void TokenStore::forget_expired() {
  const std::int64_t oldest = now_ms() - remembered_ms;
  std::erase_if(access_, [&](const auto& row) { return row.second.expires_ms < oldest; });
  std::erase_if(codes_, [&](const auto& row) { return row.second.expires_ms < oldest; });
}

}  // namespace calsync::emulator
