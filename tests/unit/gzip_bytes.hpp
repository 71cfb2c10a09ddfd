// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/crc.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace calsync::testing {

inline std::string little_endian_bytes(std::uint32_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xff);
  return bytes;
}

/// CRC-32 and length, the trailer of RFC 1952.
inline std::string gzip_trailer(std::string_view content) {
  boost::crc_32_type crc;
  crc.process_bytes(content.data(), content.size());
  return little_endian_bytes(crc.checksum(), 4) + little_endian_bytes(static_cast<std::uint32_t>(content.size()), 4);
}

inline std::string gzip_header() { return std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10); }

/// A gzip member whose deflate stream has one stored block (RFC 1951 section 3.2.4), of at most 65,535 bytes.
inline std::string gzip_stored(std::string_view content) {
  const auto size = static_cast<std::uint32_t>(content.size());
  return gzip_header() + '\x01' + little_endian_bytes(size, 2) + little_endian_bytes(~size & 0xffff, 2) +
         std::string(content) + gzip_trailer(content);
}

/// A gzip member of `count` zero bytes, small: fixed Huffman codes, one literal and then copies of 258 bytes at
/// distance one (RFC 1951 section 3.2.6). `count` is 1 + a multiple of 258.
inline std::string gzip_zeros(std::size_t count) {
  std::string bytes;
  unsigned bit = 0;
  const auto put = [&](unsigned value, int bits) {  // most significant bit first, as Huffman codes are packed
    for (int i = bits - 1; i >= 0; --i) {
      if (bit % 8 == 0) bytes += '\0';
      if ((value >> i) & 1U)
        bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | (1U << (bit % 8)));
      ++bit;
    }
  };
  put(1, 1);           // last block
  put(0b10, 2);        // fixed codes; the two bits of the number 1, low bit first
  put(0b00110000, 8);  // literal 0
  for (std::size_t done = 1; done < count; done += 258) {
    put(0b11000101, 8);  // length 258
    put(0, 5);           // distance 1
  }
  put(0, 7);  // end of block
  return gzip_header() + bytes + gzip_trailer(std::string(count, '\0'));
}

}  // namespace calsync::testing
