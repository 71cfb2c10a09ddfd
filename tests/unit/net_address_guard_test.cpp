// SPDX-License-Identifier: Apache-2.0
#include "common/net/address_guard.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace calsync::net {
namespace {

struct Case {
  const char* address;
  const char* block;  ///< "" = public
};

// First and last addresses of each block, and their neighbours outside.
constexpr Case cases[] = {
    {"0.0.0.0", "this network"},
    {"0.255.255.255", "this network"},
    {"1.0.0.0", ""},
    {"1.1.1.1", ""},
    {"8.8.8.8", ""},
    {"9.255.255.255", ""},
    {"10.0.0.0", "private use"},
    {"10.255.255.255", "private use"},
    {"11.0.0.0", ""},
    {"100.63.255.255", ""},
    {"100.64.0.0", "shared address space"},
    {"100.100.100.200", "shared address space"},
    {"100.127.255.255", "shared address space"},
    {"100.128.0.0", ""},
    {"126.255.255.255", ""},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", ""},
    {"168.63.129.16", "cloud host"},
    {"168.63.129.17", ""},
    {"169.253.255.255", ""},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "link-local"},
    {"169.254.255.255", "link-local"},
    {"169.255.0.0", ""},
    {"172.15.255.255", ""},
    {"172.16.0.0", "private use"},
    {"172.31.255.255", "private use"},
    {"172.32.0.0", ""},
    {"191.255.255.255", ""},
    {"192.0.0.0", "protocol assignments"},
    {"192.0.0.192", "protocol assignments"},
    {"192.0.0.255", "protocol assignments"},
    {"192.0.1.0", ""},
    {"192.0.2.1", "documentation"},
    {"192.0.3.0", ""},
    {"192.88.99.1", "6to4 relay"},
    {"192.88.100.0", ""},
    {"192.167.255.255", ""},
    {"192.168.0.0", "private use"},
    {"192.168.255.255", "private use"},
    {"192.169.0.0", ""},
    {"198.17.255.255", ""},
    {"198.18.0.0", "benchmarking"},
    {"198.19.255.255", "benchmarking"},
    {"198.20.0.0", ""},
    {"198.51.100.7", "documentation"},
    {"198.51.101.0", ""},
    {"203.0.113.7", "documentation"},
    {"203.0.114.0", ""},
    {"223.255.255.255", ""},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.254", "reserved"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "not global unicast"},
    {"::127.0.0.1", "not global unicast"},
    {"::8.8.8.8", "not global unicast"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:10.0.0.1", "private use"},
    {"::ffff:169.254.169.254", "link-local"},
    {"::ffff:0.0.0.0", "this network"},
    {"::ffff:8.8.8.8", ""},
    {"::ffff:0:127.0.0.1", "not global unicast"},
    {"64:ff9b::127.0.0.1", "loopback"},
    {"64:ff9b::192.168.1.1", "private use"},
    {"64:ff9b::a9fe:a9fe", "link-local"},
    {"64:ff9b::8.8.8.8", ""},
    {"64:ff9b::1:8.8.8.8", "not global unicast"},
    {"64:ff9b:1::1", "local NAT64"},
    {"64:ff9b:1:ffff:ffff:ffff:808:808", "local NAT64"},
    {"64:ff9b:2::1", "not global unicast"},
    {"100::1", "not global unicast"},
    {"200::1", "not global unicast"},
    {"1fff:ffff::1", "not global unicast"},
    {"2001::1", "protocol assignments"},
    {"2001:0:7f00:1::", "protocol assignments"},
    {"2001:2::1", "protocol assignments"},
    {"2001:20::1", "protocol assignments"},
    {"2001:1ff:ffff::1", "protocol assignments"},
    {"2001:200::1", ""},
    {"2001:4860:4860::8888", ""},
    {"2001:db7:ffff::1", ""},
    {"2001:db8::1", "documentation"},
    {"2001:db8:ffff:ffff::1", "documentation"},
    {"2001:db9::1", ""},
    {"2002::1", "6to4"},
    {"2002:7f00:1::1", "6to4"},
    {"2002:808:808::1", "6to4"},
    {"2003::1", ""},
    {"2606:4700:4700::1111", ""},
    {"2a00:1450:4001::1", ""},
    {"3ffe:ffff::1", ""},
    {"3fff::1", "documentation"},
    {"3fff:fff:ffff::1", "documentation"},
    {"3fff:1000::1", ""},
    {"4000::1", "not global unicast"},
    {"5f00::1", "not global unicast"},
    {"fbff::1", "not global unicast"},
    {"fc00::1", "unique local"},
    {"fd00:ec2::254", "unique local"},
    {"fdff:ffff::1", "unique local"},
    {"fe00::1", "not global unicast"},
    {"fe80::1", "link-local"},
    {"fe80::1%1", "link-local"},
    {"febf:ffff::1", "link-local"},
    {"fec0::1", "site-local"},
    {"feff::1", "site-local"},
    {"ff02::1", "multicast"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
};

TEST_CASE("only public addresses pass", "[net][ssrf]") {
  for (const Case& test : cases) {
    INFO(test.address);
    const auto block = special_purpose(boost::asio::ip::make_address(test.address));
    CHECK(block.value_or("") == test.block);
    CHECK(is_public(boost::asio::ip::make_address(test.address)) == std::string(test.block).empty());
  }
}

TEST_CASE("an IPv4 address is judged alike however IPv6 carries it", "[net][ssrf]") {
  for (const Case& test : cases) {
    const auto address = boost::asio::ip::make_address(test.address);
    if (!address.is_v4()) continue;
    INFO(test.address);
    for (const char* prefix : {"::ffff:", "64:ff9b::"}) {
      const auto carried = boost::asio::ip::make_address(std::string(prefix) + test.address);
      CHECK(special_purpose(carried) == special_purpose(address));
    }
  }
}

}  // namespace
}  // namespace calsync::net
