// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>

#include "common/async/signal.hpp"
#include "common/http/respond.hpp"
#include "edge.hpp"

namespace calsync::testing {
namespace {

using http::Request;
using http::Response;
using std::chrono::minutes;
using std::chrono::seconds;

/// A server whose handler waits until the test lets it go.
struct Gated {
  explicit Gated(http::ServerOptions options = {})
      : edge(options, [this](Request request) { return answer(std::move(request)); }), gate(edge.io.get_executor()) {}
  Task<Response> answer(Request) {
    Task<bool> opened = gate.wait(edge.clock, minutes(60));
    co_await std::move(opened);
    Response response = http::json_response(200, "{}");
    co_return response;
  }
  Edge edge;
  Signal gate;
};

http::ServerOptions at_most(std::size_t connections, std::size_t per_address = 1000) {
  http::ServerOptions options;
  options.max_connections = connections;
  options.max_connections_per_address = per_address;
  return options;
}

/// A connection that was accepted and served.
std::unique_ptr<Client> settled(Edge& edge) {
  auto client = std::make_unique<Client>(edge);
  client->send(request());
  REQUIRE(client->read_answer().status == 200);
  return client;
}

}  // namespace

TEST_CASE("a drain ends idle connections at once and takes no new ones") {
  Edge edge;
  Client silent(edge);
  const auto served = settled(edge);
  edge.server.begin_drain();
  edge.begin_drained(seconds(20));
  CHECK(silent.read_to_end().empty());
  CHECK(served->read_to_end().empty());
  CHECK(edge.drained() == true);
  Client late(edge);
  CHECK(late.closed());
}

TEST_CASE("a drain lets a request in flight finish, and says that it was the last") {
  Gated gated;
  Client client(gated.edge);
  client.send(request());
  gated.edge.server.begin_drain();
  gated.edge.begin_drained(seconds(20));
  CHECK_FALSE(client.closed());
  gated.gate.set();
  const Answer answer = client.read_answer();
  CHECK(answer.status == 200);
  CHECK(answer.has("Connection: close"));
  CHECK(client.read_to_end().empty());
  client.end_sending();
  CHECK(gated.edge.drained() == true);
}

TEST_CASE("a drain waits no longer than it may") {
  Gated gated;
  Client client(gated.edge);
  client.send(request());
  gated.edge.server.begin_drain();
  gated.edge.begin_drained(seconds(20));
  gated.edge.advance(seconds(19));
  CHECK_FALSE(gated.edge.drained().has_value());
  gated.edge.advance(seconds(1));
  CHECK(gated.edge.drained() == false);
}

TEST_CASE("a request that has begun or arrived before the drain is served") {
  Edge edge;
  Client begun(edge);
  begun.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  edge.server.begin_drain();
  begun.send("b");
  const Answer answer = begun.read_answer();
  CHECK(answer.status == 200);
  CHECK(answer.has("Connection: close"));
  CHECK(edge.requests.at(0).body == "ab");
}

TEST_CASE("what was sent ahead is not served after the last answer of a drain") {
  Gated gated;
  Client client(gated.edge);
  client.send(request("GET /1 HTTP/1.1") + request("GET /2 HTTP/1.1"));
  gated.edge.server.begin_drain();
  gated.gate.set();
  CHECK(client.read_answer().has("Connection: close"));
  CHECK(client.read_to_end().empty());
  CHECK(gated.edge.requests.size() == 1);
}

TEST_CASE("a connection beyond the limit is told 503, and the next one is served when there is room") {
  Edge edge(at_most(2));
  const auto first = settled(edge);
  auto second = settled(edge);
  Client third(edge);
  const Answer answer = third.read_answer();
  CHECK(answer.status == 503);
  CHECK(answer.has("Connection: close"));
  CHECK(answer.has("Retry-After: 5"));
  CHECK(answer.body.find("overloaded") != std::string::npos);
  third.end_sending();
  CHECK(third.read_to_end().empty());
  second.reset();
  const auto fourth = settled(edge);
  first->send(request());
  CHECK(first->read_answer().status == 200);
}

TEST_CASE("one address has a share of the connections") {
  Edge edge(at_most(100, 1));
  auto first = settled(edge);
  Client second(edge);
  CHECK(second.read_answer().status == 503);
  first.reset();
  settled(edge);
}

TEST_CASE("a crowd that is turned away does not grow") {
  Edge edge(at_most(1));
  const auto first = settled(edge);
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 70; ++i) crowd.push_back(std::make_unique<Client>(edge));
  std::size_t told = 0;
  for (const auto& client : crowd) {
    const std::string answer = client->read_to_end();
    if (!answer.empty()) ++told;
    CHECK((answer.empty() || answer.starts_with("HTTP/1.1 503 ")));
  }
  // As many linger with their 503; the others were closed without a word, and nobody is left waiting.
  CHECK(told == 64);
  first->send(request());
  CHECK(first->read_answer().status == 200);
}

}  // namespace calsync::testing
