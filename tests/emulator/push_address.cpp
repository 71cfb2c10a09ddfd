// SPDX-License-Identifier: Apache-2.0
#include "push_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "text.hpp"

namespace calsync::emulator {

bool PushAddress::loopback() const {
  if (equal_ignoring_case(host, "localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

std::optional<PushAddress> parse_address(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return std::nullopt;
  const boost::urls::url_view url = *parsed;
  const bool secure = url.scheme_id() == boost::urls::scheme::https;
  if ((!secure && url.scheme_id() != boost::urls::scheme::http) || url.host_address().empty()) return std::nullopt;
  PushAddress address;
  address.secure = secure;
  address.host = url.host_address();
  address.authority = std::string(url.encoded_host_and_port());
  address.port = url.port_number() != 0 ? url.port_number() : secure ? 443 : 80;
  address.target = std::string(url.encoded_target());
  if (address.target.empty() || address.target[0] != '/') address.target.insert(0, "/");
  return address;
}

std::optional<std::pair<std::string, std::uint16_t>> parse_endpoint(std::string_view text) {
  const auto address = parse_address("http://" + std::string(text));
  if (!address) return std::nullopt;
  return std::pair(address->host, address->port);
}

}  // namespace calsync::emulator
