// SPDX-License-Identifier: Apache-2.0
#include "entra_tokens.hpp"

#include <algorithm>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::string_view graph_app = "00000003-0000-0000-c000-000000000000";

template <class Map>
auto* find_in(Map& map, std::string_view value) {
  const auto found = map.find(value);
  return found == map.end() ? nullptr : &found->second;
}

// Three parts with dots for a work account; those of personal accounts are no JWT.
std::string access_value(const Mailbox& user, std::int64_t expires_ms) {
  if (user.personal) return "EwB4A8l6BAAU" + random_text(300);
  std::string claims;
  {
    ObjectWriter object(claims);
    object.text("aud", graph_app);
    object.text("tid", user.tenant);
    object.text("oid", user.oid);
    object.number("exp", expires_ms / 1000);
    object.text("uti", random_text(22));
  }
  return base64url(R"({"typ":"JWT","alg":"RS256","kid":"emulator-key-1"})") + "." + base64url(claims) + "." +
         random_text(86);
}

}  // namespace

std::string EntraTokens::add_code(EntraCode code) {
  const std::string value = (code.user->personal ? "M.C529_BAY.2.U." : "1.AXoA") + random_text(120);
  codes_.emplace(value, std::move(code));
  return value;
}

EntraCode* EntraTokens::find_code(std::string_view value) { return find_in(codes_, value); }

std::string EntraTokens::add_access(Mailbox& user, const std::set<std::string>& scopes, std::int64_t lifetime_seconds) {
  const std::int64_t expires_ms = now_ms() + lifetime_seconds * 1000;
  const std::string value = access_value(user, expires_ms);
  access_.emplace(value, EntraAccess{&user, scopes, expires_ms});
  return value;
}

const EntraAccess* EntraTokens::find_access(std::string_view value) const { return find_in(access_, value); }

std::string EntraTokens::add_refresh(Mailbox& user, const std::set<std::string>& scopes, const Switches& switches) {
  const std::string value = (user.personal ? "M.C529_BAY.0.U.-" : "1.AXoAt4") + random_text(200);
  refresh_.emplace(value,
                   EntraRefresh{&user, scopes, now_ms() + switches.entra_refresh_lifetime_seconds * 1000, -1, 0});
  return value;
}

EntraRefresh* EntraTokens::find_refresh(std::string_view value) { return find_in(refresh_, value); }

std::size_t EntraTokens::expire_access(const Mailbox* user) {
  std::size_t count = 0;
  for (auto& [value, token] : access_) {
    if ((user && token.user != user) || token.expires_ms <= now_ms()) continue;
    token.expires_ms = now_ms();
    ++count;
  }
  return count;
}

std::size_t EntraTokens::kill_refresh(const Mailbox* user, int code) {
  std::size_t count = 0;
  for (auto& [value, token] : refresh_) {
    if ((user && token.user != user) || token.dead_code != 0) continue;
    token.dead_code = code;
    ++count;
  }
  return count;
}

void EntraTokens::forget(const Mailbox& user) {
  const auto of_user = [&](const auto& row) { return row.second.user == &user; };
  std::erase_if(codes_, of_user);
  std::erase_if(access_, of_user);
  std::erase_if(refresh_, of_user);
}

std::size_t EntraTokens::refresh_count(const Mailbox& user) const {
  return static_cast<std::size_t>(std::ranges::count_if(refresh_, [&](const auto& row) {
    return row.second.user == &user && row.second.dead_code == 0 && row.second.expires_ms > now_ms();
  }));
}

void EntraTokens::clear() {
  codes_.clear();
  access_.clear();
  refresh_.clear();
}

}  // namespace calsync::emulator::microsoft
