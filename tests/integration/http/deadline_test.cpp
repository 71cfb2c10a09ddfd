// SPDX-License-Identifier: Apache-2.0
// Deadlines are totals of a phase: single bytes that drip in reset nothing. The clock moves only where the test says
// so.
#include <catch2/catch.hpp>

#include "common/http/respond.hpp"
#include "edge.hpp"

namespace calsync::testing {
namespace {

using http::Request;
using http::Response;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Sends a byte a second until the server has something to say; the seconds that took.
int drip(Edge& edge, Client& client, const std::string& bytes) {
  int passed = 0;
  for (const char byte : bytes) {
    client.send(std::string(1, byte));
    edge.advance(seconds(1));
    ++passed;
    if (!edge.log_text.empty() || client.closed()) break;
  }
  return passed;
}

Task<Response> answer_large(Request) { co_return http::json_response(200, std::string(50 * 1024 * 1024, 'x')); }

Task<Response> answer_after(ManualClock& clock, Duration time) {
  co_await clock.sleep(time);
  co_return http::json_response(200, "{}");
}

}  // namespace

TEST_CASE("a head that drips in has ten seconds in all") {
  Edge edge;
  Client client(edge);
  for (int second = 0; second < 10; ++second) {
    client.send("G");
    REQUIRE_FALSE(client.closed());
    edge.advance(seconds(1));
  }
  const Answer answer = client.read_answer();
  CHECK(answer.status == 408);
  CHECK(answer.has("Connection: close"));
  CHECK(answer.body.find("request_timeout") != std::string::npos);
  CHECK(client.read_to_end().empty());
}

TEST_CASE("bytes that come too late do not reset the connection under the answer") {
  Edge edge;
  Client client(edge);
  client.send("G");
  client.send_unseen("ET / HTTP/1.1\r\n");
  edge.clock.advance(seconds(10));
  CHECK(client.read_answer().status == 408);
  client.end_sending();
  CHECK(client.read_to_end().empty());
}

TEST_CASE("a head may take nine seconds, and each request has its own ten") {
  Edge edge;
  Client client(edge);
  for (int round = 0; round < 3; ++round) {
    client.send("GET / HTTP/1.1\r\n");
    edge.advance(seconds(9));
    client.send("Host: a\r\n\r\n");
    CHECK(client.read_answer().status == 200);
  }
}

TEST_CASE("a body that drips in has thirty seconds in all, chunked or not") {
  for (const std::string& head : {request("POST / HTTP/1.1", {"Content-Length: 1000"}), post_chunked("3e8\r\n")}) {
    Edge edge;
    Client client(edge);
    client.send(head);
    const int passed = drip(edge, client, std::string(100, 'b'));
    CHECK(passed == 30);
    CHECK(edge.requests.empty());
  }
  Edge edge;
  Client client(edge);
  client.send(request("POST / HTTP/1.1", {"Content-Length: 2"}, "a"));
  edge.advance(seconds(29));
  CHECK_FALSE(client.closed());
  edge.advance(seconds(1));
  CHECK(client.read_answer().status == 408);
}

TEST_CASE("a connection may be idle for a minute, then ends without a word") {
  Edge edge;
  Client silent(edge);
  Client served(edge);
  served.send(request());
  served.read_answer();
  edge.advance(seconds(59));
  CHECK_FALSE(silent.closed());
  served.send(request());
  served.read_answer();
  edge.advance(seconds(1));
  CHECK(silent.read_to_end().empty());
  CHECK_FALSE(served.closed());
  edge.advance(seconds(59));
  CHECK(served.read_to_end().empty());
}

TEST_CASE("empty lines are no way to stay") {
  Edge edge;
  Client client(edge);
  client.send("\r\n");
  edge.advance(seconds(11));
  CHECK(client.closed());
}

TEST_CASE("an answer that is not taken ends the connection after thirty seconds") {
  Edge edge({}, answer_large);
  Client client(edge);
  client.send(request());
  edge.begin_drained(minutes(2));
  edge.advance(seconds(29));
  CHECK_FALSE(edge.drained().has_value());
  edge.advance(seconds(2));
  CHECK(edge.drained() == true);
}

TEST_CASE("a handler may take its time") {
  ManualClock* clock = nullptr;
  Edge edge({}, [&clock](Request) { return answer_after(*clock, minutes(10)); });
  clock = &edge.clock;
  Client client(edge);
  client.send(request());
  edge.advance(minutes(5));
  CHECK_FALSE(client.closed());
  edge.advance(minutes(5));
  CHECK(client.read_answer().status == 200);
  client.send(request());
  edge.advance(minutes(10));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("after a refusal the connection lingers for two seconds at most") {
  Edge edge;
  Client client(edge);
  client.send("GET / HTTP/3.0\r\n\r\n");
  CHECK(client.read_answer().status == 505);
  edge.begin_drained(minutes(1));
  for (int i = 0; i < 15; ++i) {
    client.send("more");
    edge.advance(milliseconds(100));
  }
  CHECK_FALSE(edge.drained().has_value());
  edge.advance(milliseconds(600));
  CHECK(edge.drained() == true);
}

}  // namespace calsync::testing
