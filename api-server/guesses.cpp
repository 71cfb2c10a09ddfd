// SPDX-License-Identifier: Apache-2.0
#include "api-server/guesses.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace calsync::api {
namespace {

std::string network_of(const std::string& text) {
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(text, failed);
  if (failed || !address.is_v6() || address.to_v6().is_v4_mapped()) return text;
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return boost::asio::ip::address_v6(bytes).to_string();
}

}  // namespace

bool Guesses::exhausted(const std::string& address) {
  const auto found = forgiven_.find(network_of(address));
  return found != forgiven_.end() && found->second - clock_.monotonic() > (allowed - 1) * pause;
}

void Guesses::count(const std::string& address) {
  if (forgiven_.size() >= most_addresses) make_room();
  Duration& until = forgiven_[network_of(address)];
  until = std::max(until, clock_.monotonic()) + pause;
}

void Guesses::make_room() {
  const Duration now = clock_.monotonic();
  std::erase_if(forgiven_, [now](const auto& one) { return one.second <= now; });
  if (forgiven_.size() < most_addresses) return;
  const auto sooner = [](const auto& a, const auto& b) { return a.second < b.second; };
  forgiven_.erase(std::min_element(forgiven_.begin(), forgiven_.end(), sooner));
}

}  // namespace calsync::api
