// SPDX-License-Identifier: Apache-2.0
#include "digest.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <stdexcept>

#include "seed.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view plain_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode(std::string_view bytes, std::string_view alphabet, unsigned bits) {
  std::string result;
  std::uint32_t pending = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    held += 8;
    while (held >= bits) {
      held -= bits;
      result += alphabet[pending >> held & ((1u << bits) - 1)];
    }
    pending &= (1u << held) - 1;
  }
  if (held > 0) result += alphabet[pending << (bits - held) & ((1u << bits) - 1)];
  return result;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-' || c == '+') return 62;
  if (c == '_' || c == '/') return 63;
  return -1;
}

}  // namespace

std::string sha256(std::string_view data) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string hex(std::string_view bytes) { return encode(bytes, "0123456789abcdef", 4); }

std::string base64url(std::string_view bytes) { return encode(bytes, url_alphabet, 6); }

std::string base64(std::string_view bytes) {
  std::string result = encode(bytes, plain_alphabet, 6);
  result.append((4 - result.size() % 4) % 4, '=');
  return result;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string result;
  std::uint32_t pending = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    pending = (pending << 6 | static_cast<std::uint32_t>(digit)) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      result += static_cast<char>(pending >> held & 0xff);
    }
  }
  return result;
}

std::string base32hex_lower(std::string_view bytes) { return encode(bytes, "0123456789abcdefghijklmnopqrstuv", 5); }

std::uint64_t fnv1a(std::string_view data, std::uint64_t seed) {
  for (const char c : data) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return seed;
}

std::string random_bytes(std::size_t count) {
  if (seeded()) return seeded_bytes(count);
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1)
    throw std::runtime_error("the random number generator failed");
  return bytes;
}

std::string random_text(std::size_t length) {
  std::string text = random_bytes(length);
  for (char& c : text) c = url_alphabet[static_cast<unsigned char>(c) & 63];
  return text;
}

}  // namespace calsync::emulator
