// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/net/beast_transport.hpp"
#include "common/net/resolver.hpp"
#include "loopback_server.hpp"
#include "print_result.hpp"

namespace calsync::testing {

/// Names of the test's own. A name with an empty list never answers; a name that is not there fails.
class TableResolver final : public net::Resolver {
 public:
  using Table = std::map<std::string, std::vector<std::string>>;
  TableResolver(ManualClock& clock, Table table, int& lookups);
  Task<Result<net::Addresses>> resolve(std::string host) override;

 private:
  ManualClock& clock_;
  Table table_;
  int& lookups_;
};

/// A transport, a clock that only the test moves, and one thread for client and servers.
struct TransportFixture {
  explicit TransportFixture(net::TransportOptions options = open_options(), TableResolver::Table names = {});

  /// Another transport, for options that name a server's port.
  void use(net::TransportOptions options, TableResolver::Table names = {});

  /// Plain http to loopback allowed.
  static net::TransportOptions open_options();

  /// Runs everything until the request has its answer. Fails the test when nothing moves for ten seconds.
  Result<net::HttpResponse> send(net::HttpRequest request, Duration deadline = std::chrono::seconds(30));
  Result<net::HttpResponse> get(const std::string& url);
  /// Starts a request; `finish` collects it.
  void begin(net::HttpRequest request, Duration deadline = std::chrono::seconds(30));
  Result<net::HttpResponse> finish();
  /// Runs whatever can run without waiting.
  void settle();
  /// Runs until `condition` holds.
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) run_one();
  }

  asio::io_context context;
  ManualClock clock;
  int lookups = 0;
  asio::cancellation_signal cancel;
  std::unique_ptr<net::HttpTransport> transport;

 private:
  void run_one();
  std::optional<Result<net::HttpResponse>> answer_;
};

}  // namespace calsync::testing
