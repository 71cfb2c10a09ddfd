// SPDX-License-Identifier: Apache-2.0
#include "common/base/random.hpp"

#include <fmt/format.h>

#include <cstring>

#include "common/base/crypto.hpp"

namespace calsync {

double Random::unit() {
  const std::string raw = bytes(8);
  std::uint64_t value = 0;
  std::memcpy(&value, raw.data(), sizeof value);
  return static_cast<double>(value >> 11) * 0x1.0p-53;
}

std::string random_uuid(Random& random) {
  std::string raw = random.bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  const std::string hex = to_hex(raw);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

std::string random_token(Random& random, std::size_t bytes) { return base64url(random.bytes(bytes)); }

}  // namespace calsync
