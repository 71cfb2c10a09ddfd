// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

namespace calsync::net {

/// Why a stranger's URL may not make us connect to this address: the special-purpose block it is in ("loopback",
/// "private use", …) by IANA's IPv4 and IPv6 Special-Purpose Address Registries, or nothing when the address is
/// ordinary public unicast. IPv6 forms that carry an IPv4 address (mapped, NAT64) are judged by that address.
std::optional<std::string_view> special_purpose(const boost::asio::ip::address& address);

inline bool is_public(const boost::asio::ip::address& address) { return !special_purpose(address); }

}  // namespace calsync::net
