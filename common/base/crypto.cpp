// SPDX-License-Identifier: Apache-2.0
#include "common/base/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

namespace calsync {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t longest_key_id = 32;  ///< shorter than any key in base64

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL refused a cipher operation");
}

/// What could be an id of a ring. Anything else is not repeated in messages: it may be what should have been sealed.
bool is_key_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_key_id &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f && c != '.'; });
}

/// Length-prefixed, so that no two contexts have the same bytes.
std::string associated_data(const SealContext& context) {
  std::string out = "calsync-seal-v1";
  for (const std::string* part :
       {&context.table, &context.column, &context.row, &context.owner, &context.provider, &context.kind}) {
    out += '\0';
    out += std::to_string(part->size());
    out += ':';
    out += *part;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const auto end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  return parts;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(raw(bytes), bytes.size(), raw(out));
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned int bits = 0;
  unsigned int buffer = 0;
  for (const unsigned char c : bytes) {
    buffer = ((buffer << 8) | c) & 0xffffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += alphabet[(buffer >> bits) & 63];
    }
  }
  if (bits > 0) out += alphabet[(buffer << (6 - bits)) & 63];
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  unsigned int bits = 0;
  unsigned int buffer = 0;
  for (const char c : text) {
    unsigned int value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<unsigned int>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<unsigned int>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<unsigned int>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else {
      return std::nullopt;
    }
    buffer = ((buffer << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((buffer >> bits) & 255);
    }
  }
  if (bits >= 6) return std::nullopt;
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<KeyRing> KeyRing::parse(std::string_view text) {
  KeyRing ring;
  std::size_t number = 0;
  for (const std::string_view entry : split(text, ", \t\r\n")) {
    ++number;
    const auto colon = entry.find(':');
    // A long id may be the key, written in its place: it is not repeated.
    if (colon == std::string_view::npos || colon == 0 || colon > longest_key_id) {
      return fail(Failure::misconfigured, "token key number " + std::to_string(number) +
                                              " must be written id:base64 (32 bytes), with an id of up to 32 letters");
    }
    const std::string id(entry.substr(0, colon));
    if (id.find('.') != std::string::npos) {
      return fail(Failure::misconfigured, "the token key id '" + id + "' must not contain a dot");
    }
    const auto key = decode_base64(entry.substr(colon + 1));
    if (!key || key->size() != key_bytes) {
      return fail(Failure::misconfigured, "the token key '" + id + "' must be 32 bytes in base64");
    }
    if (ring.keys_.contains(id)) return fail(Failure::misconfigured, "the token key '" + id + "' is given twice");
    if (ring.active_.empty()) ring.active_ = id;
    ring.keys_.emplace(id, Secret(*key));
  }
  if (ring.keys_.empty()) return fail(Failure::misconfigured, "no token key is given");
  return ring;
}

std::string KeyRing::seal(const Secret& secret, const SealContext& context, Random& random) const {
  const std::string nonce = random.bytes(nonce_bytes);
  const std::string_view plain = secret.reveal();
  const std::string extra = associated_data(context) + '\0' + active_;
  const std::string_view key = keys_.find(active_)->second.reveal();
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + tag_bytes, '\0');
  int written = 0;
  require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(std::string_view(nonce))));
  require(EVP_EncryptUpdate(cipher.get(), nullptr, &written, raw(extra), static_cast<int>(extra.size())));
  require(EVP_EncryptUpdate(cipher.get(), raw(out), &written, raw(plain), static_cast<int>(plain.size())));
  int tail = 0;
  require(EVP_EncryptFinal_ex(cipher.get(), raw(out) + written, &tail));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, out.data() + plain.size()));
  return "v1." + active_ + "." + base64url(nonce) + "." + base64url(out);
}

Result<Secret> KeyRing::open(std::string_view sealed, const SealContext& context) const {
  const auto broken = [] { return fail(Failure::internal, "a sealed secret was altered or belongs to another row"); };
  const auto parts = split(sealed, ".");
  if (parts.size() != 4 || parts[0] != "v1") return broken();
  const auto key = keys_.find(parts[1]);
  if (key == keys_.end() && !is_key_id(parts[1])) return broken();
  if (key == keys_.end()) {
    return fail(Failure::misconfigured,
                "the key ring has no key '" + std::string(parts[1]) + "' that a secret was sealed with");
  }
  const auto nonce = decode_base64(parts[2]);
  auto body = decode_base64(parts[3]);
  if (!nonce || nonce->size() != nonce_bytes || !body || body->size() < tag_bytes) return broken();
  // One text for one sealed value: no other spelling of the same bytes passes.
  if (sealed != "v1." + std::string(parts[1]) + "." + base64url(*nonce) + "." + base64url(*body)) return broken();
  const std::string extra = associated_data(context) + '\0' + std::string(parts[1]);
  const std::size_t length = body->size() - tag_bytes;
  std::string plain(length, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  require(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key->second.reveal()),
                             raw(std::string_view(*nonce))));
  require(EVP_DecryptUpdate(cipher.get(), nullptr, &written, raw(extra), static_cast<int>(extra.size())));
  require(EVP_DecryptUpdate(cipher.get(), raw(plain), &written, raw(*body), static_cast<int>(length)));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, body->data() + length));
  int tail = 0;
  if (EVP_DecryptFinal_ex(cipher.get(), raw(plain) + written, &tail) != 1) return broken();
  return Secret(std::move(plain));
}

std::string KeyRing::other_keys() const {
  std::string ids;
  for (const auto& [id, key] : keys_) {
    if (id != active_) ids += (ids.empty() ? "" : ", ") + id;
  }
  return ids;
}

std::string KeyRing::key_of(std::string_view sealed) {
  const auto parts = split(sealed, ".");
  return parts.size() == 4 && parts[0] == "v1" && is_key_id(parts[1]) ? std::string(parts[1]) : std::string();
}

}  // namespace calsync
