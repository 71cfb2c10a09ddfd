// SPDX-License-Identifier: Apache-2.0
#include "api-server/authenticate.hpp"

#include <algorithm>

#include "common/base/crypto.hpp"
#include "common/http/http_syntax.hpp"

namespace calsync::api {
namespace {

constexpr std::size_t shortest_token = 16;
constexpr std::size_t longest_name = 64;
constexpr std::string_view separators = ", \t\r\n";
constexpr std::string_view hash_mark = "sha256:";

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

/// The hash of a token, or of what stands for it. failure invalid_input says what is wrong, without the token.
Result<std::string> hash_of(std::string_view token) {
  if (!token.starts_with(hash_mark)) {
    if (token.size() < shortest_token) return fail(Failure::invalid_input, "is shorter than 16 characters");
    return sha256_hex(token);
  }
  std::string hash = lower_case(token.substr(hash_mark.size()));
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return fail(Failure::invalid_input, "must have 64 hex digits after sha256:");
  }
  return hash;
}

}  // namespace

Result<TokenRing> TokenRing::parse(std::string_view text, CallerKind kind) {
  TokenRing ring;
  ring.kind_ = kind;
  for (auto start = text.find_first_not_of(separators); start != std::string_view::npos;
       start = text.find_first_not_of(separators)) {
    text.remove_prefix(start);
    const std::string_view entry = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(entry.size());
    if (const auto added = ring.add(entry); !added) return added.error();
  }
  return ring;
}

Result<void> TokenRing::add(std::string_view text) {
  const auto colon = text.find(':');
  const std::string name(text.substr(0, colon));
  if (colon == std::string_view::npos || !is_name(name)) {
    // Without a name in its place, any part of the text may be the token.
    return fail(Failure::misconfigured,
                "token entry number " + std::to_string(entries_.size() + 1) + " must be written name:token");
  }
  const auto wrong = [&name](const std::string& what) {
    return fail(Failure::misconfigured, "the token entry '" + name + "' " + what);
  };
  const auto hash = hash_of(text.substr(colon + 1));
  if (!hash) return wrong(hash.error().message);
  for (const Entry& one : entries_) {
    if (one.name == name) return wrong("is given twice");
    if (one.hash == *hash) return wrong("has the token of the entry '" + one.name + "'");
  }
  entries_.push_back({name, *hash});
  return {};
}

std::optional<Caller> TokenRing::find(std::string_view token) const {
  const std::string hash = sha256_hex(token);
  std::optional<Caller> caller;
  for (const Entry& entry : entries_) {
    if (equal_constant_time(entry.hash, hash)) caller = Caller{entry.name, kind_};
  }
  return caller;
}

std::optional<std::string> bearer_token(const Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto is_authorization = [](const Header& one) { return one.first == "authorization"; };
  if (std::count_if(request.headers.begin(), request.headers.end(), is_authorization) != 1) return std::nullopt;
  std::string_view value = request.header("authorization");
  const std::string_view start = value.substr(0, scheme.size());
  const bool bearer = std::equal(scheme.begin(), scheme.end(), start.begin(), start.end(),
                                 [](char a, char b) { return a == lower(b); });
  if (!bearer) return std::nullopt;
  value.remove_prefix(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

}  // namespace calsync::api
