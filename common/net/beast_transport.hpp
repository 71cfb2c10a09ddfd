// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/net/http.hpp"

namespace calsync::net {

class Resolver;

struct TransportOptions {
  bool allow_insecure = false;  ///< plain http is refused unless set
  /// Loopback, link-local, private and other non-public addresses are refused unless set (a feed URL is a stranger's
  /// input). The check is on the address that is connected to, after DNS, and again for each redirect.
  bool allow_private_addresses = false;
  /// Origins ("https://host:port") of the operator's own configuration: exempt from the address check.
  std::vector<std::string> trusted_origins{};
  std::string user_agent = "calsync (gzip)";
  std::size_t max_idle_per_origin = 256;
  std::size_t max_idle = 1024;
  std::chrono::seconds idle_timeout{50};
  std::chrono::seconds connect_timeout{10};  ///< for DNS, TCP and TLS together
  std::string ca_file{};                     ///< PEM bundle; empty = the system's store
};

/// HTTP/1.1 over TCP or TLS with keep-alive pools per origin, on one executor (one thread). Verifies certificates and
/// host names, decodes gzip, bounds sizes and times. A request on a pooled connection that turns out to be dead before
/// any byte of the answer is sent once more on a new one (GET/HEAD only). Outlives its requests and is destroyed before
/// the executor's context. Error messages begin with the host and never hold more of the URL. Throws
/// std::invalid_argument for a CA file or trusted origin that cannot be read.
std::unique_ptr<HttpTransport> make_beast_transport(asio::any_io_executor executor, AsyncClock& clock,
                                                    TransportOptions options);
/// With names looked up by `resolver` instead of the system.
std::unique_ptr<HttpTransport> make_beast_transport(asio::any_io_executor executor, AsyncClock& clock,
                                                    TransportOptions options, std::unique_ptr<Resolver> resolver);

}  // namespace calsync::net
