// SPDX-License-Identifier: Apache-2.0
// The transport's pure parts: reading an answer however it is cut up, writing a request, the connection pool.
#include <catch2/catch.hpp>

#include "common/net/connection_pool.hpp"
#include "common/net/redirect.hpp"
#include "common/net/request_head.hpp"
#include "common/net/response_reader.hpp"
#include "gzip_bytes.hpp"
#include "manual_clock.hpp"
#include "print_result.hpp"

namespace calsync::net {
namespace {

using namespace std::chrono_literals;

struct Answer {
  std::string bytes;
  std::string body;
};

std::vector<Answer> whole_answers() {
  const std::string head = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\n";
  const std::string zipped = testing::gzip_stored("zipped");
  return {
      {head + "Content-Length: 5\r\n\r\nhello", "hello"},
      {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
      {head + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"},
      {head + "Transfer-Encoding: chunked\r\n\r\n00A ;a=\"b\"\r\n0123456789\r\n1\r\nx\r\n000;z\r\nT: 1\r\nU: 2\r\n\r\n",
       "0123456789x"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + head + "Content-Length: 1\r\n\r\n!", "!"},
      {head + "Content-Encoding: GZIP\r\nContent-Length: " + std::to_string(zipped.size()) + "\r\n\r\n" + zipped,
       "zipped"},
      {head + "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", "ok"},
  };
}

TEST_CASE("an answer is the same however its bytes are cut", "[net][transport]") {
  for (const Answer& test : whole_answers()) {
    for (std::size_t cut = 0; cut <= test.bytes.size(); ++cut) {
      INFO(test.bytes << " cut at " << cut);
      ResponseReader reader(false, 1000);
      const std::string_view bytes = test.bytes;
      const auto first = reader.feed(bytes.substr(0, cut));
      REQUIRE(first);
      CHECK(*first == (cut == bytes.size()));
      if (!*first) REQUIRE(reader.feed(bytes.substr(cut)).value());
      CHECK(reader.reusable());
      const auto response = reader.take();
      REQUIRE(response);
      CHECK(response->status == 200);
      CHECK(response->header("etag") == "\"1\"");
      CHECK(response->body == test.body);
      CHECK(response->header("t").empty());
    }
  }
}

TEST_CASE("an answer is complete with its last byte and not before", "[net][transport]") {
  for (const Answer& test : whole_answers()) {
    ResponseReader reader(false, 1000);
    for (std::size_t i = 0; i < test.bytes.size(); ++i) {
      INFO(test.bytes << " at " << i);
      const auto fed = reader.feed(std::string_view(test.bytes).substr(i, 1));
      REQUIRE(fed);
      CHECK(*fed == (i + 1 == test.bytes.size()));
      if (!*fed) {
        ResponseReader cut = reader;
        CHECK_FALSE(cut.end().has_value());
        CHECK_FALSE(reader.reusable());
      }
    }
    CHECK(reader.end().has_value());
  }
}

TEST_CASE("a body without a length ends with the connection and is never followed", "[net][transport]") {
  ResponseReader reader(false, 1000);
  CHECK_FALSE(reader.feed("HTTP/1.1 200 OK\r\n\r\nab").value());
  CHECK_FALSE(reader.feed("cd").value());
  CHECK(reader.end().has_value());
  CHECK_FALSE(reader.reusable());
  CHECK(reader.take()->body == "abcd");
}

Url url_of(const std::string& text) { return parse_url(text).value(); }

TEST_CASE("a request head has what the request needs and no more", "[net][transport]") {
  HttpRequest request;
  request.url = "https://Calendar.Test/a?b";
  CHECK(request_head(request, url_of(request.url), "agent").value().reveal() ==
        "GET /a?b HTTP/1.1\r\nHost: calendar.test\r\nUser-Agent: agent\r\nAccept-Encoding: gzip\r\n\r\n");
  request.method = "PUT";
  request.url = "http://[2001:db8::1]:8080/";
  request.headers = {{"user-agent", "mine"}, {"accept-encoding", "identity"}};
  CHECK(request_head(request, url_of(request.url), "agent").value().reveal() ==
        "PUT / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nContent-Length: 0\r\nuser-agent: mine\r\n"
        "accept-encoding: identity\r\n\r\n");
}

TEST_CASE("locations are resolved against the request's URL", "[net][redirect]") {
  struct Case {
    const char* from;
    const char* location;
    const char* to;  ///< "" = refused
  };
  const auto test = GENERATE(values<Case>({
      {"https://a.test/x/y?q", "z", "https://a.test/x/z"},
      {"https://a.test/x/y?q", "/z?r=1", "https://a.test/z?r=1"},
      {"https://a.test/x/y", "?r", "https://a.test/x/y?r"},
      {"https://a.test/x/y", "../../../z", "https://a.test/z"},
      {"https://a.test/x/y", "../..", "https://a.test/"},
      {"https://a.test/x/y", ".", "https://a.test/x/"},
      {"https://a.test/x/y", "./../z/.", "https://a.test/z/"},
      {"https://a.test/x/y?q", "#top", "https://a.test/x/y?q"},
      {"https://a.test/x/y", "a//b/", "https://a.test/x/a//b/"},
      {"https://a.test", "z", "https://a.test/z"},
      {"https://a.test/x", "https://b.test", "https://b.test/"},
      {"https://a.test/x", "https://b.test?q=1", "https://b.test/?q=1"},
      {"https://a.test/x", "https:z", ""},
      {"https://a.test/x", "/%7Eme/a%2Fb?c=%20", "https://a.test/%7Eme/a%2Fb?c=%20"},
      {"https://a.test/x", "//b.test/y", "https://b.test/y"},
      {"https://a.test/x", "https://b.test:444/y#f", "https://b.test:444/y"},
      {"http://a.test/x", "https://a.test/x", "https://a.test/x"},
      {"https://a.test/x", "http://a.test/x", ""},
      {"https://a.test/x", "http://b.test/x", ""},
      {"https://a.test/x", "ftp://a.test/x", ""},
      {"https://a.test/x", "https://u@a.test/x", ""},
      {"https://a.test/x", "https://a.test/a b", ""},
  }));
  INFO(test.from << " -> " << test.location);
  HttpRequest request;
  request.url = test.from;
  request.authorization = Secret("Bearer x");
  HttpResponse response;
  response.status = 302;
  response.headers = {{"Location", test.location}};
  const auto next = redirected(request, response);
  REQUIRE(next.has_value() == (std::string(test.to) != ""));
  if (!next) return;
  CHECK(next->url == test.to);
  const bool same_origin = url_of(test.from).origin() == url_of(test.to).origin();
  CHECK(next->authorization.empty() == !same_origin);
}

/// A stream that only knows whether it is quiet, and tells when it is gone.
class FakeStream final : public ByteStream {
 public:
  FakeStream(int& open, bool quiet) : open_(open), quiet_(quiet) { ++open_; }
  ~FakeStream() override { --open_; }
  Task<Result<std::size_t>> read_some(std::span<char>) override { co_return std::size_t{0}; }
  Task<Result<void>> write_all(std::string_view, std::string_view) override { co_return Result<void>(); }
  bool quiet() override { return quiet_; }

 private:
  int& open_;
  bool quiet_;
};

TEST_CASE("the pool gives out the youngest quiet connection of an origin", "[net][pool]") {
  testing::ManualClock clock;
  int open = 0;
  ConnectionPool pool(clock, {50s, 2, 3});
  const auto put = [&](const std::string& origin, bool quiet = true) {
    auto stream = std::make_unique<FakeStream>(open, quiet);
    ByteStream* const raw = stream.get();
    pool.put(origin, std::move(stream));
    return raw;
  };
  SECTION("youngest first, by origin") {
    ByteStream* const older = put("a");
    clock.advance(1s);
    ByteStream* const younger = put("a");
    put("b");
    CHECK(pool.take("c") == nullptr);
    CHECK(pool.take("a").get() == younger);
    CHECK(pool.take("a").get() == older);
    CHECK(pool.take("a") == nullptr);
    CHECK(pool.idle() == 1);
  }
  SECTION("the noisy are closed, not given out") {
    ByteStream* const quiet = put("a");
    put("a", false);
    CHECK(pool.take("a").get() == quiet);
    CHECK(pool.idle() == 0);
    CHECK(open == 0);
  }
  SECTION("no more than allowed for an origin") {
    for (int i = 0; i < 5; ++i) put("a");
    CHECK(pool.idle() == 2);
    CHECK(open == 2);
  }
  SECTION("no more than allowed in all: the oldest goes") {
    for (const char* origin : {"a", "b", "c", "d"}) put(origin);
    CHECK(pool.idle() == 3);
    CHECK(pool.take("a") == nullptr);
    CHECK(pool.take("d") != nullptr);
  }
  SECTION("the old are closed whenever the pool is touched") {
    put("a");
    clock.advance(30s);
    put("b");
    clock.advance(20s);
    CHECK(pool.take("c") == nullptr);
    CHECK(pool.idle() == 1);
    clock.advance(30s);
    put("c");
    CHECK(pool.idle() == 1);
    CHECK(open == 1);
  }
}

}  // namespace
}  // namespace calsync::net
