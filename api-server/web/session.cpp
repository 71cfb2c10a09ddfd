// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/session.hpp"

#include <algorithm>
#include <vector>

#include "common/base/crypto.hpp"

namespace calsync::api::web {
namespace {

constexpr std::size_t most_sessions = 256;

}  // namespace

std::string SessionTable::begin(std::string name) {
  forget_old();
  const std::string cookie = random_token(random_);
  sessions_[sha256_hex(cookie)] = {std::move(name), random_token(random_), {}, clock_.monotonic() + life};
  return cookie;
}

Session* SessionTable::find(std::string_view cookie) {
  const auto found = sessions_.find(sha256_hex(cookie));
  if (found == sessions_.end()) return nullptr;
  if (found->second.ends > clock_.monotonic()) return &found->second;
  sessions_.erase(found);
  return nullptr;
}

void SessionTable::end(std::string_view cookie) { sessions_.erase(sha256_hex(cookie)); }

void SessionTable::forget_old() {
  const Duration now = clock_.monotonic();
  std::erase_if(sessions_, [now](const auto& one) { return one.second.ends <= now; });
  if (sessions_.size() < most_sessions) return;
  sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                   [](const auto& a, const auto& b) { return a.second.ends < b.second.ends; }));
}

std::optional<std::chrono::seconds> LoginLimit::wait(const std::string& address) {
  const Duration now = clock_.monotonic();
  while (!failures_.empty() && failures_.front().at + window <= now) failures_.pop_front();
  // The attempt whose end makes room for another one.
  const Failure* blocking = failures_.size() >= of_all ? &failures_.front() : nullptr;
  std::vector<const Failure*> own;
  for (const Failure& one : failures_) {
    if (one.address == address) own.push_back(&one);
  }
  if (own.size() >= of_one_address) blocking = own[own.size() - of_one_address];
  if (!blocking) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(blocking->at + window - now);
}

void LoginLimit::failed(const std::string& address) {
  failures_.push_back({clock_.monotonic(), address});
  if (failures_.size() > of_all) failures_.pop_front();
}

}  // namespace calsync::api::web
