// SPDX-License-Identifier: Apache-2.0
// Hashes, base64, base32hex and random values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace calsync::emulator {

std::string sha256(std::string_view data);  // 32 bytes
std::string hex(std::string_view bytes);
std::string base64url(std::string_view bytes);  // without padding, RFC 4648 section 5
std::string base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);  // both alphabets, padding optional
std::string base32hex_lower(std::string_view bytes);              // the alphabet of event ids

std::uint64_t fnv1a(std::string_view data, std::uint64_t seed = 14695981039346656037ull);
std::string random_bytes(std::size_t count);
std::string random_text(std::size_t length);  // [A-Za-z0-9_-]

}  // namespace calsync::emulator
