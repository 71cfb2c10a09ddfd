// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace calsync::emulator {

class Provider;

struct ListenOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string port_file;
};

// Listens, says so, and serves until SIGTERM or SIGINT. One thread; returns the exit code.
int serve(Provider& provider, const ListenOptions& options);

}  // namespace calsync::emulator
