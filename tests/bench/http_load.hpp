// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace calsync::bench {

struct LoadOptions {
  unsigned short port = 0;
  int connections = 64;
  double seconds = 5;          ///< how long requests are begun
  double rate = 0;             ///< begun per second, evenly; 0 = each connection asks again when it is answered
  std::uint64_t count = 0;     ///< at most so many requests; 0 = no limit
  std::uint64_t channels = 1;  ///< {k} goes through 0 … channels-1 in a scattered order
  std::uint64_t first = 0;     ///< the first {n}
  std::string request{};       ///< template: lines of the head, an empty line, the body; {n} and {k} are replaced
  std::string log{};           ///< file that gets "n k began_us ended_us status" (epoch) for each request
};

/// Keep-alive HTTP/1.1 to 127.0.0.1 on one thread. Latency counts from the moment at which a request was due, also when
/// no connection was free for it. Returns the figures as one line of JSON.
std::string run_load(const LoadOptions& options);

}  // namespace calsync::bench
