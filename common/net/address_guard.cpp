// SPDX-License-Identifier: Apache-2.0
#include "common/net/address_guard.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace calsync::net {
namespace {

namespace ip = boost::asio::ip;

struct Block4 {
  std::uint32_t base;
  unsigned bits;
  std::string_view name;
};

constexpr std::uint32_t dotted(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, everything that is not globally reachable, with
// multicast (RFC 5771) and two entries of our own where noted.
constexpr std::array blocks4{
    Block4{dotted(0, 0, 0, 0), 8, "this network"},
    Block4{dotted(10, 0, 0, 0), 8, "private use"},
    Block4{dotted(100, 64, 0, 0), 10, "shared address space"},  // RFC 6598; Alibaba's metadata service lives here
    Block4{dotted(127, 0, 0, 0), 8, "loopback"},
    // Public by number, but Azure routes it to the machine's own host: a metadata service.
    Block4{dotted(168, 63, 129, 16), 32, "cloud host"},
    Block4{dotted(169, 254, 0, 0), 16, "link-local"},
    Block4{dotted(172, 16, 0, 0), 12, "private use"},
    Block4{dotted(192, 0, 0, 0), 24, "protocol assignments"},
    Block4{dotted(192, 0, 2, 0), 24, "documentation"},
    // Deprecated 6to4 relay anycast (RFC 7526): no web server has it.
    Block4{dotted(192, 88, 99, 0), 24, "6to4 relay"},
    Block4{dotted(192, 168, 0, 0), 16, "private use"},
    Block4{dotted(198, 18, 0, 0), 15, "benchmarking"},
    Block4{dotted(198, 51, 100, 0), 24, "documentation"},
    Block4{dotted(203, 0, 113, 0), 24, "documentation"},
    Block4{dotted(224, 0, 0, 0), 4, "multicast"},
    Block4{dotted(255, 255, 255, 255), 32, "broadcast"},
    Block4{dotted(240, 0, 0, 0), 4, "reserved"},
};

using Bytes = ip::address_v6::bytes_type;

struct Block6 {
  std::array<std::uint8_t, 6> base;  ///< no block here is longer than 48 bits
  unsigned bits;
  std::string_view name;
};

// https://www.iana.org/assignments/iana-ipv6-special-registry. Everything outside 2000::/3 is refused anyway; the names
// only make the message better.
constexpr std::array blocks6{
    Block6{{0x20, 0x01, 0x00}, 23, "protocol assignments"},  // Teredo, ORCHID, benchmarking, …
    Block6{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    Block6{{0x20, 0x02}, 16, "6to4"},                 // RFC 7526: obsolete, and it can carry any IPv4 address
    Block6{{0x3f, 0xff, 0x00}, 20, "documentation"},  // RFC 9637
    Block6{{0xfc}, 7, "unique local"},
    Block6{{0xfe, 0x80}, 10, "link-local"},
    Block6{{0xfe, 0xc0}, 10, "site-local"},
    Block6{{0xff}, 8, "multicast"},
    Block6{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "local NAT64"},  // RFC 8215
};

bool starts_with(const Bytes& address, const std::uint8_t* base, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(base, base + whole, address.begin())) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = (0xff00U >> (bits % 8)) & 0xffU;
  return (address[whole] & mask) == (base[whole] & mask);
}

std::optional<std::string_view> special_purpose4(std::uint32_t address) {
  for (const Block4& block : blocks4) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32U - block.bits);
    if ((address & mask) == block.base) return block.name;
  }
  return std::nullopt;
}

/// The IPv4 address in the last four bytes of the two prefixes that name nothing but an IPv4 host: ::ffff:0:0/96
/// (RFC 4291 section 2.5.5.2) and 64:ff9b::/96, which networks without IPv4 need for every public one (RFC 6052).
std::optional<std::uint32_t> embedded_ipv4(const Bytes& address) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> nat64{0x00, 0x64, 0xff, 0x9b};
  if (!starts_with(address, mapped.data(), 96) && !starts_with(address, nat64.data(), 96)) return std::nullopt;
  return dotted(address[12], address[13], address[14], address[15]);
}

std::optional<std::string_view> special_purpose6(const ip::address_v6& address) {
  const Bytes bytes = address.to_bytes();
  if (const auto ipv4 = embedded_ipv4(bytes)) return special_purpose4(*ipv4);
  if (address.is_unspecified()) return "unspecified";
  if (address.is_loopback()) return "loopback";
  for (const Block6& block : blocks6) {
    if (starts_with(bytes, block.base.data(), block.bits)) return block.name;
  }
  // RFC 4291 section 2.4 and IANA's registry: only 2000::/3 has been given out as global unicast.
  if ((bytes[0] & 0xe0) != 0x20) return "not global unicast";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> special_purpose(const ip::address& address) {
  if (address.is_v4()) return special_purpose4(address.to_v4().to_uint());
  return special_purpose6(address.to_v6());
}

}  // namespace calsync::net
