// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "gzip_bytes.hpp"
#include "transport_fixture.hpp"

namespace calsync::testing {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;

constexpr std::size_t limit = 1000;

HttpRequest limited(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.max_body = limit;
  return request;
}

struct BadAnswer {
  std::string name;
  std::string bytes;
  Failure failure;
  std::string sentence;
};

const std::string head = "HTTP/1.1 200 OK\r\n";
const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
const std::string zipped = head + "Content-Encoding: gzip\r\n";

std::string sized(const std::string& headers, const std::string& body) {
  return headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<BadAnswer> bad_answers() {
  const std::string bomb = gzip_zeros(1 + 258 * 400);
  REQUIRE(bomb.size() < limit);
  return {
      {"cut in the header", head + "Content-Le", Failure::network, "broke off after 0 bytes"},
      {"cut in the body", head + "Content-Length: 10\r\n\r\nabc", Failure::network, "broke off after 3 bytes"},
      {"cut before the body", head + "Content-Length: 10\r\n\r\n", Failure::network, "broke off after 0 bytes"},
      {"cut in a chunk", chunked + "5\r\nab", Failure::network, "broke off after 2 bytes"},
      {"cut between chunks", chunked + "2\r\nab\r\n", Failure::network, "broke off after 2 bytes"},
      {"cut before the last CRLF", chunked + "2\r\nab\r\n0\r\n", Failure::network, "broke off after 2 bytes"},
      {"no body after an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", Failure::network, "broke off after 0 bytes"},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", Failure::malformed, "not HTTP"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", Failure::malformed, "not HTTP"},
      {"HTTP/2 version", "HTTP/2 200\r\n\r\n", Failure::malformed, "not HTTP"},
      {"TLS alert", "\x15\x03\x03\x02\x02\x46", Failure::malformed, "not HTTP"},
      {"no status", "HTTP/1.1 OK\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"header without colon", head + "nonsense\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"control character in a header", head + "X: a\x01\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"blank before the colon", head + "X : a\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"negative length", head + "Content-Length: -1\r\n\r\n", Failure::malformed, "not valid HTTP"},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", Failure::malformed, "not valid HTTP"},
      {"length and chunks", head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Failure::malformed, "not valid HTTP"},
      {"chunks and length", head + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
       Failure::malformed, "not valid HTTP"},
      {"unknown transfer coding", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Failure::malformed,
       "transfer coding"},
      {"transfer coding that is not chunked", head + "Transfer-Encoding: xchunked\r\n\r\nabc", Failure::malformed,
       "transfer coding"},
      {"chunked twice", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Failure::malformed, "not valid HTTP"},
      {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Failure::malformed,
       "transfer coding"},
      {"switched protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n", Failure::malformed, "never becomes final"},
      {"chunk size not hex", chunked + "xyz\r\n", Failure::malformed, "not a number"},
      {"chunk size empty", chunked + "\r\n", Failure::malformed, "not a number"},
      {"chunk size negative", chunked + "-1\r\n", Failure::malformed, "not a number"},
      {"chunk size beyond 64 bits", chunked + "10000000000000000\r\n", Failure::malformed, "not a number"},
      {"chunk line without CR", chunked + "2\nab", Failure::malformed, "without CRLF"},
      {"chunk longer than said", chunked + "1\r\nab\r\n", Failure::malformed, "longer than its size"},
      {"endless chunk extension", chunked + "1;" + std::string(10'000, 'x'), Failure::malformed, "too long"},
      {"endless trailer", chunked + "0\r\n" + std::string(100'000, 'x'), Failure::malformed, "too long"},
      {"too large by length", head + "Content-Length: 1001\r\n\r\n", Failure::malformed, "larger than 1000 bytes"},
      {"absurd length", head + "Content-Length: 18446744073709551615\r\n\r\n", Failure::malformed,
       "larger than 1000 bytes"},
      {"too large by one chunk", chunked + "3e9\r\n", Failure::malformed, "larger than 1000 bytes"},
      {"chunk size near the integer's end", chunked + "1\r\na\r\nffffffffffffffff\r\n", Failure::malformed,
       "larger than 1000 bytes"},
      {"too large until the end", head + "\r\n" + std::string(1001, 'x'), Failure::malformed, "larger than 1000 bytes"},
      {"too large decoded", sized(zipped, bomb), Failure::malformed, "larger than 1000 bytes"},
      {"header too large", head + "X: " + std::string(70'000, 'x'), Failure::malformed, "larger than 64 KiB"},
      {"gzip that is none", sized(zipped, "plain"), Failure::malformed, "gzip"},
      {"gzip cut short", sized(zipped, gzip_stored("hello").substr(0, 17)), Failure::malformed, "cut short"},
      {"gzip altered", sized(zipped, gzip_header() + std::string("\x01\x01\0\xfe\xff", 5) + "a" + gzip_trailer("b")),
       Failure::malformed, "checksum"},
      {"a coding not asked for", sized(head + "Content-Encoding: br\r\n", "abc"), Failure::malformed, "content coding"},
      {"gzip twice", sized(head + "Content-Encoding: gzip, gzip\r\n", "abc"), Failure::malformed, "content coding"},
  };
}

TEST_CASE("answers that break off, are garbage or too large fail with a sentence", "[net][transport]") {
  for (const BadAnswer& test : bad_answers()) {
    INFO(test.name);
    TransportFixture fixture;
    LoopbackServer server(fixture.context, fixture.clock, {Script{request(), send(test.bytes)}});
    const auto answer = fixture.send(limited(server.url("/feed?token=hush")));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().failure == test.failure);
    CHECK_THAT(answer.error().message, Catch::Contains(test.sentence));
    CHECK_THAT(answer.error().message, Catch::StartsWith("127.0.0.1: ") && !Catch::Contains("hush"));
  }
}

TEST_CASE("answers of exactly the limit pass", "[net][transport]") {
  const std::string body(limit, 'x');
  const std::string bytes = GENERATE_COPY(sized(head, body), chunked + "3e8\r\n" + body + "\r\n0\r\n\r\n",
                                          head + "\r\n" + body, sized(zipped, gzip_stored(body.substr(0, limit - 23))));
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {Script{request(), send(bytes)}});
  const auto answer = fixture.send(limited(server.url()));
  REQUIRE(answer);
  CHECK(answer->body == body.substr(0, answer->body.size()));
  CHECK(answer->body.size() >= limit - 23);
}

TEST_CASE("a reset in the middle of the body is a network failure", "[net][transport]") {
  TransportFixture fixture;
  const Script script{request(), send(head + "Content-Length: 10\r\n\r\nabc"), reset()};
  LoopbackServer server(fixture.context, fixture.clock, {script});
  const auto answer = fixture.send(limited(server.url()));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
}

TEST_CASE("an answer that never comes is a timeout and closes the connection", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {Script{request(), advance(30s), await_close()}});
  const auto answer = fixture.send(limited(server.url()), 30s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::timeout);
  CHECK(answer.error().message == "127.0.0.1: no complete answer in time");
  fixture.run_until([&] { return server.closed_by_client() == 1; });
  CHECK(fixture.clock.waiting() == 0);
}

TEST_CASE("a drip of bytes does not move the deadline", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock,
                        {Script{request(), drip(ok(std::string(100, 'x')), 1s), await_close()}});
  const auto answer = fixture.send(limited(server.url()), 30s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::timeout);
}

TEST_CASE("a deadline that has passed connects to nobody", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {});
  const auto answer = fixture.send(limited(server.url()), 0s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::timeout);
  fixture.settle();
  CHECK(server.connections() == 0);
}

TEST_CASE("connecting has a time of its own", "[net][transport]") {
  TransportFixture fixture(TransportFixture::open_options(), {{"mute.test", {}}});
  fixture.begin(limited("http://mute.test/"), 30s);
  fixture.run_until([&] { return fixture.lookups == 1; });
  fixture.settle();
  fixture.clock.advance(10s);
  const auto answer = fixture.finish();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::timeout);
  CHECK(answer.error().message == "mute.test: no connection in time");
  CHECK(fixture.clock.waiting() == 0);
}

TEST_CASE("cancelling ends a request at once and closes its connection", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {Script{request(), await_close()}});
  fixture.begin(limited(server.url()), 30s);
  fixture.run_until([&] { return server.requests().size() == 1; });
  fixture.cancel.emit(asio::cancellation_type::terminal);
  const auto answer = fixture.finish();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::cancelled);
  fixture.run_until([&] { return server.closed_by_client() == 1; });
  CHECK(fixture.clock.waiting() == 0);
}

TEST_CASE("cancelling ends a name lookup at once", "[net][transport]") {
  TransportFixture fixture(TransportFixture::open_options(), {{"mute.test", {}}});
  fixture.begin(limited("http://mute.test/"), 30s);
  fixture.run_until([&] { return fixture.lookups == 1; });
  fixture.settle();
  fixture.cancel.emit(asio::cancellation_type::terminal);
  const auto answer = fixture.finish();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::cancelled);
}

}  // namespace
}  // namespace calsync::testing
