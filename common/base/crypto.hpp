// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace calsync {

std::string sha256(std::string_view bytes);      ///< 32 raw bytes
std::string sha256_hex(std::string_view bytes);  ///< 64 hex digits
std::string to_hex(std::string_view bytes);
std::string base64url(std::string_view bytes);                    ///< RFC 4648 section 5, without padding
std::optional<std::string> decode_base64(std::string_view text);  ///< standard or URL alphabet, padding optional
/// Takes the same time wherever the texts differ; texts of different length are unequal.
bool equal_constant_time(std::string_view a, std::string_view b);

/// What a sealed value belongs to. It is authenticated with the value, so a ciphertext copied to another row, column,
/// owner or kind does not open.
struct SealContext {
  std::string table;
  std::string column;
  std::string row;
  std::string owner;
  std::string provider;
  std::string kind;
};

/// AES-256-GCM under named keys. The first key seals; every key opens. Text form: "v1.KEYID.NONCE.CIPHERTEXT+TAG"
/// (base64url parts).
class KeyRing {
 public:
  /// "id:base64(32 bytes)" entries, separated by commas or white space. Errors say which entry and why, never its
  /// bytes.
  static Result<KeyRing> parse(std::string_view text);

  std::string seal(const Secret& secret, const SealContext& context, Random& random) const;
  /// failure misconfigured: the key is not in the ring; failure internal: the text was altered or belongs elsewhere.
  Result<Secret> open(std::string_view sealed, const SealContext& context) const;
  const std::string& active_key() const { return active_; }
  std::string other_keys() const;  ///< ids that open and do not seal, with commas
  bool has(std::string_view id) const { return keys_.contains(id); }
  static std::string key_of(std::string_view sealed);  ///< the key id a sealed text names, "" if it is not one

 private:
  std::string active_;
  std::map<std::string, Secret, std::less<>> keys_;
};

}  // namespace calsync
