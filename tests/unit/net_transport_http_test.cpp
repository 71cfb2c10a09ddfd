// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "gzip_bytes.hpp"
#include "transport_fixture.hpp"

namespace calsync::testing {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;

HttpRequest with_method(const std::string& method, const std::string& url) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  return request;
}

bool has_line(const std::string& request, const std::string& line) {
  return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST_CASE("a request and its answer go over the wire whole", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("hello", "ETag: \"7\"\r\n")})});
  HttpRequest request = with_method("POST", server.url("/a%20b?c=d"));
  request.headers = {{"X-Test", "yes"}};
  request.authorization = Secret("Bearer abc");
  request.content_type = "application/json";
  request.body = Secret("{}");
  const auto answer = fixture.send(std::move(request));
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "hello");
  CHECK(answer->header("etag") == "\"7\"");
  CHECK(answer->url == server.url("/a%20b?c=d"));
  const std::string& sent = server.requests().at(0);
  CHECK(sent.starts_with("POST /a%20b?c=d HTTP/1.1\r\n"));
  CHECK(has_line(sent, "Host: 127.0.0.1:" + std::to_string(server.port())));
  CHECK(has_line(sent, "User-Agent: calsync (gzip)"));
  CHECK(has_line(sent, "Accept-Encoding: gzip"));
  CHECK(has_line(sent, "Authorization: Bearer abc"));
  CHECK(has_line(sent, "Content-Type: application/json"));
  CHECK(has_line(sent, "Content-Length: 2"));
  CHECK(has_line(sent, "X-Test: yes"));
  CHECK(sent.ends_with("\r\n\r\n{}"));
}

TEST_CASE("answers whose connection stays usable share one connection", "[net][transport]") {
  TransportFixture fixture;
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nETag: forged\r\n\r\n";
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("late");
  LoopbackServer server(fixture.context, fixture.clock,
                        {answers({ok("one"), chunked, interim, "HTTP/1.1 204 No Content\r\n\r\n",
                                  "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                      std::to_string(gzip_stored("zipped").size()) + "\r\n\r\n" + gzip_stored("zipped"),
                                  "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"})});
  const std::vector<std::pair<int, std::string>> expected{{200, "one"}, {200, "abcde"},  {200, "late"}, {204, ""},
                                                          {304, ""},    {200, "zipped"}, {500, ""}};
  for (const auto& [status, body] : expected) {
    const auto answer = fixture.get(server.url());
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->body == body);
    CHECK(answer->header("etag").empty());
    CHECK(answer->header("content-encoding").empty());
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a HEAD answer has no body although it has a length", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock,
                        {answers({"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", ok("next")})});
  const auto head = fixture.send(with_method("HEAD", server.url()));
  REQUIRE(head);
  CHECK(head->header("content-length") == "999999999");
  const auto next = fixture.get(server.url());
  REQUIRE(next);
  CHECK(next->body == "next");
  CHECK(server.connections() == 1);
}

TEST_CASE("answers that end their connection are not followed on it", "[net][transport]") {
  struct Case {
    std::string name;
    std::string bytes;
    std::string body;
  };
  const auto test = GENERATE(values<Case>({
      {"Connection: close", ok("a", "Connection: close\r\n"), "a"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb", "b"},
      {"bytes after the answer", ok("c") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", "c"},
      {"bytes after the chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nd\r\n0\r\n\r\nHTTP/1.1 2",
       "d"},
      {"a body where none can be", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nstale", ""},
  }));
  INFO(test.name);
  TransportFixture fixture;
  const Script first = {request(), send(test.bytes), await_close()};
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({ok("second")})});
  const auto answer = fixture.get(server.url());
  REQUIRE(answer);
  CHECK(answer->body == test.body);
  const auto second = fixture.get(server.url());
  REQUIRE(second);
  CHECK(second->body == "second");
  CHECK(server.connections() == 2);
  fixture.run_until([&] { return server.closed_by_client() == 1; });
}

TEST_CASE("bytes that arrive on an idle connection are never taken for an answer", "[net][transport]") {
  TransportFixture fixture;
  const Script first = {request(), send(ok("one")), send(ok("unasked")), await_close()};
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({ok("two")})});
  REQUIRE(fixture.get(server.url()));
  fixture.settle();
  const auto second = fixture.get(server.url());
  REQUIRE(second);
  CHECK(second->body == "two");
  CHECK(server.connections() == 2);
}

TEST_CASE("an idle connection that the peer has ended is not used, whatever the method", "[net][transport]") {
  TransportFixture fixture;
  const Script first = {request(), send(ok("one"))};
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({ok("two")})});
  REQUIRE(fixture.get(server.url()));
  fixture.settle();
  const auto second = fixture.send(with_method("POST", server.url()));
  REQUIRE(second);
  CHECK(second->body == "two");
}

TEST_CASE("a pooled connection that dies under a request is replaced once for GET and HEAD only", "[net][transport]") {
  TransportFixture fixture;
  const std::string method = GENERATE("GET", "HEAD", "POST", "PUT", "DELETE", "REPORT");
  const bool by_reset = GENERATE(false, true);
  INFO(method << (by_reset ? " reset" : " closed"));
  Script first = {request(), send(ok("one")), request()};
  if (by_reset) first.push_back(reset());
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({"HTTP/1.1 204 No Content\r\n\r\n"})});
  REQUIRE(fixture.get(server.url()));
  const auto second = fixture.send(with_method(method, server.url()));
  const bool repeatable = method == "GET" || method == "HEAD";
  REQUIRE(second.has_value() == repeatable);
  CHECK(server.requests().size() == (repeatable ? 3 : 2));
  if (!repeatable) CHECK(second.error().failure == Failure::network);
}

TEST_CASE("a pooled connection that dies in the middle of an answer is not replaced", "[net][transport]") {
  TransportFixture fixture;
  const Script first = {request(), send(ok("one")), request(), send("HTTP/1.1 200 OK\r\n")};
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({ok("never")})});
  REQUIRE(fixture.get(server.url()));
  const auto second = fixture.get(server.url());
  REQUIRE_FALSE(second);
  CHECK(second.error().failure == Failure::network);
  CHECK(server.connections() == 1);
}

TEST_CASE("a new connection that dies is not tried again", "[net][transport]") {
  TransportFixture fixture;
  const Script script = GENERATE(Script{request()}, Script{request(), reset()}, Script{});
  LoopbackServer server(fixture.context, fixture.clock, {script, answers({ok("never")})});
  const auto answer = fixture.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK(answer.error().message.starts_with("127.0.0.1: there was no answer"));
  CHECK(server.connections() == 1);
}

TEST_CASE("idle connections are closed when they are too old or too many", "[net][transport]") {
  auto options = TransportFixture::open_options();
  options.idle_timeout = 50s;
  SECTION("too old") {
    TransportFixture fixture(options);
    LoopbackServer server(fixture.context, fixture.clock, {answers({ok("a")}), answers({ok("b")})});
    REQUIRE(fixture.get(server.url()));
    fixture.clock.advance(50s);
    REQUIRE(fixture.get(server.url()));
    CHECK(server.connections() == 2);
    fixture.run_until([&] { return server.closed_by_client() == 1; });
  }
  SECTION("none allowed") {
    options.max_idle_per_origin = 0;
    TransportFixture fixture(options);
    LoopbackServer server(fixture.context, fixture.clock, {answers({ok("a")}), answers({ok("b")})});
    REQUIRE(fixture.get(server.url()));
    REQUIRE(fixture.get(server.url()));
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("requests under way at the same time have connections of their own", "[net][transport]") {
  TransportFixture fixture;
  const Script one = answers({ok("one"), ok("again")});
  LoopbackServer server(fixture.context, fixture.clock, {one, one, one});
  std::vector<std::string> bodies;
  for (int i = 0; i < 3; ++i) {
    const auto keep = [&bodies](std::exception_ptr, Result<net::HttpResponse> answer) {
      bodies.push_back(answer ? answer->body : describe(answer.error()));
    };
    asio::co_spawn(fixture.context,
                   fixture.transport->send(with_method("GET", server.url()), Deadline(fixture.clock, 30s)), keep);
  }
  fixture.run_until([&] { return bodies.size() == 3; });
  CHECK(bodies == std::vector<std::string>(3, "one"));
  const auto again = fixture.get(server.url());
  REQUIRE(again);
  CHECK(again->body == "again");
  CHECK(server.connections() == 3);
}

TEST_CASE("the system's resolver knows this machine and tells what it does not know", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("here")})});
  const auto here = fixture.get(server.url("/", "localhost"));
  REQUIRE(here);
  CHECK(here->body == "here");
  const auto nowhere = fixture.get("http://a..b/");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().failure == Failure::network);
  CHECK_THAT(nowhere.error().message, Catch::StartsWith("a..b: the name has no address: "));
}

TEST_CASE("a refused connection is a network failure that names the host only", "[net][transport]") {
  TransportFixture fixture;
  unsigned short port = 0;
  {
    LoopbackServer gone(fixture.context, fixture.clock, {});
    port = gone.port();
  }
  fixture.settle();
  const auto answer = fixture.get("http://127.0.0.1:" + std::to_string(port) + "/secret-feed?token=hush");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK(answer.error().message == "127.0.0.1: no connection: Connection refused");
}

TEST_CASE("a second address is tried when the first refuses", "[net][transport]") {
  TransportFixture fixture(TransportFixture::open_options(), {{"two.test", {"127.0.0.2", "127.0.0.1"}}});
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("reached")})});
  const auto answer = fixture.get(server.url("/", "two.test"));
  REQUIRE(answer);
  CHECK(answer->body == "reached");
}

TEST_CASE("requests that could be read in two ways are refused before anything is sent", "[net][transport]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})});
  std::vector<HttpRequest> bad;
  for (const char* method : {"", "GET /x HTTP/1.1\r\nX: y", "G T", "GET\n", "G\x7fT", "G\xc3\x89T"}) {
    bad.push_back(with_method(method, server.url()));
  }
  for (const char* path : {"/a b", "/a\r\nX: y", "/a\n", "/a\tb", "/\x01", "/\x7f", "/\xc3\xa9"}) {
    bad.push_back(with_method("GET", server.url(path)));
  }
  bad.push_back(with_method("GET", server.url(std::string("/a\0b", 4))));
  const std::vector<net::Header> headers{{"X\r\n", "v"},
                                         {"X Y", "v"},
                                         {"", "v"},
                                         {"X:", "v"},
                                         {"X", "a\r\nb"},
                                         {"X", "a\nb"},
                                         {"X", "a\x01"},
                                         {"X", std::string("a\0", 2)},
                                         {"Host", "other"},
                                         {"content-length", "3"},
                                         {"Transfer-Encoding", "chunked"},
                                         {"CONNECTION", "close"},
                                         {"Authorization", "Bearer x"}};
  for (const auto& header : headers) {
    bad.push_back(with_method("GET", server.url()));
    bad.back().headers = {header};
  }
  bad.push_back(with_method("GET", server.url()));
  bad.back().authorization = Secret("Bearer a\r\nX: y");
  bad.push_back(with_method("POST", server.url()));
  bad.back().content_type = "text/plain\r\nX: y";
  for (HttpRequest& one : bad) {
    const auto answer = fixture.send(std::move(one));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().failure == Failure::invalid_input);
  }
  CHECK(server.connections() == 0);
}

}  // namespace
}  // namespace calsync::testing
