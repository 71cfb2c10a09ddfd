// SPDX-License-Identifier: Apache-2.0
// Where a message goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace calsync::emulator {

struct PushAddress {
  bool secure = false;
  std::string host;       // without brackets
  std::string authority;  // for the Host header
  std::uint16_t port = 0;
  std::string target;  // path and query
  bool loopback() const;
};

std::optional<PushAddress> parse_address(std::string_view text);  // http and https URLs with a host
// HOST:PORT of a setting.
std::optional<std::pair<std::string, std::uint16_t>> parse_endpoint(std::string_view text);

}  // namespace calsync::emulator
