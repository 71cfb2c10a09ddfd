// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-server/http.hpp"
#include "common/base/result.hpp"

namespace calsync::api {

/// Named bearer tokens, kept as SHA-256 only.
class TokenRing {
 public:
  /// "name:token" or "name:sha256:HEX" entries, separated by commas or white space; names of letters, digits, '-', '_'
  /// and '.', tokens of at least 16 characters. failure misconfigured names the entry, or its place where it has no
  /// such name, never the token. An empty text is an empty ring, which nobody passes.
  static Result<TokenRing> parse(std::string_view text, CallerKind kind);
  /// Compares with every entry, each in constant time, whichever matches.
  std::optional<Caller> find(std::string_view token) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string name;
    std::string hash;  ///< 64 lower-case hex digits
  };
  Result<void> add(std::string_view text);

  CallerKind kind_ = CallerKind::app;
  std::vector<Entry> entries_;
};

/// The token of "Authorization: Bearer …" (RFC 6750 section 2.1; the scheme in any case), if there is exactly one such
/// header.
std::optional<std::string> bearer_token(const Request& request);

}  // namespace calsync::api
