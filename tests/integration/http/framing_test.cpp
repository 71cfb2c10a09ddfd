// SPDX-License-Identifier: Apache-2.0
// Framing that could be read in two ways is refused, and what follows it on the connection is never read as a request.
#include <catch2/catch.hpp>

#include "edge.hpp"
#include "framing_cases.hpp"

namespace calsync::testing {
namespace {

std::vector<FramingCase> every_case() {
  std::vector<FramingCase> all;
  for (auto part : {request_line_cases(), header_cases(), host_cases(), length_cases(), transfer_coding_cases(),
                    chunk_cases(), size_cases(), well_formed_cases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void check(const FramingCase& one, bool singly) {
  INFO(one.name << (singly ? ", byte by byte" : ", at once"));
  Edge edge;
  Client client(edge);
  const bool refused = one.status >= 400;
  // What a smuggler would want to have served.
  const std::string tail = refused ? "GET /smuggled HTTP/1.1\r\nHost: calsync.test\r\n\r\n" : "";
  const std::vector<Answer> answers = split_answers(client.exchange(one.bytes + tail, singly));
  std::vector<std::string> bodies;
  for (const http::Request& request : edge.requests) {
    CHECK(request.target != "/smuggled");
    bodies.push_back(request.body);
  }
  CHECK(bodies == one.bodies);
  REQUIRE(answers.size() == one.bodies.size() + (refused ? 1 : 0));
  if (one.status == 0) return;
  CHECK(answers.back().status == one.status);
  if (refused) {
    CHECK(answers.back().has("Connection: close"));
    CHECK(answers.back().body.find("\"code\":") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("every framing case comes out the same at once and byte by byte") {
  const std::vector<FramingCase> cases = every_case();
  REQUIRE(cases.size() >= 200);
  for (const FramingCase& one : cases) {
    check(one, false);
    check(one, true);
  }
}

TEST_CASE("a refused connection serves nothing more, however the rest arrives") {
  Edge edge;
  Client client(edge);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  const Answer answer = client.read_answer();
  CHECK(answer.status == 400);
  client.send(request("GET /smuggled HTTP/1.1"));
  client.end_sending();
  CHECK(client.read_to_end().empty());
  CHECK(edge.requests.empty());
}

TEST_CASE("bytes that can never become a head are refused before the head is complete") {
  const std::string beginnings[] = {std::string("\x16\x03\x01\x02\x00\x01", 6), "GET / HTTP/1.1\n",
                                    "GET / HTTP/1.1\rHost", "GET /\x01", "\n"};
  for (const std::string& bytes : beginnings) {
    Edge edge;
    Client client(edge);
    client.send(bytes);
    CHECK(client.read_answer().status == 400);
  }
}

}  // namespace calsync::testing
