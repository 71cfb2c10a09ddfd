// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "transport_fixture.hpp"

namespace calsync::testing {
namespace {

using net::HttpRequest;
using net::TransportOptions;

HttpRequest following(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.follow_redirects = true;
  return request;
}

std::string moved(int status, const std::string& location) {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n";
}

TransportOptions guarded() {
  TransportOptions options;
  options.allow_insecure = true;
  return options;
}

TEST_CASE("plain http needs to be allowed", "[net][transport]") {
  TransportOptions options = TransportFixture::open_options();
  options.allow_insecure = false;
  TransportFixture fixture(options);
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})});
  const auto answer = fixture.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::misconfigured);
  fixture.settle();
  CHECK(server.connections() == 0);
}

TEST_CASE("no spelling of this machine's address is connected to", "[net][transport][ssrf]") {
  TransportFixture fixture(guarded());
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})});
  for (const char* host : {"127.0.0.1",
                           "127.1",
                           "127.0.1",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.1",
                           "017700000001",
                           "0177.0.0.1",
                           "127.0.0.2",
                           "0",
                           "0.0.0.0",
                           "[::1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]",
                           "[::127.0.0.1]",
                           "localhost",
                           "LOCALHOST",
                           "%31%32%37.0.0.1"}) {
    INFO(host);
    const auto answer = fixture.get(server.url("/", host));
    REQUIRE_FALSE(answer);
    const Failure failure = answer.error().failure;
    // A spelling that getaddrinfo or the URL parser does not know is as good as a refusal.
    CHECK((failure == Failure::misconfigured || failure == Failure::invalid_input || failure == Failure::network));
    CHECK_THAT(answer.error().message, !Catch::Contains("Connection refused"));
  }
  fixture.settle();
  CHECK(server.connections() == 0);
}

TEST_CASE("names are judged by the addresses they have", "[net][transport][ssrf]") {
  TransportFixture fixture(guarded(), {{"inside.test", {"127.0.0.1"}},
                                       {"metadata.test", {"169.254.169.254"}},
                                       {"lan.test", {"10.1.2.3", "192.168.0.1", "fd00::1"}},
                                       {"nothing.test", {"::"}}});
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})});
  const std::vector<std::pair<std::string, std::string>> cases{{"inside.test", "loopback"},
                                                               {"metadata.test", "link-local"},
                                                               {"lan.test", "unique local"},
                                                               {"nothing.test", "unspecified"}};
  for (const auto& [host, why] : cases) {
    const auto answer = fixture.get(server.url("/", host));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().failure == Failure::misconfigured);
    CHECK(answer.error().message == host + ": its address is not public (" + why + ")");
  }
  fixture.settle();
  CHECK(server.connections() == 0);
}

TEST_CASE("a name is looked up once for each connection, so it cannot change after the check",
          "[net][transport][ssrf]") {
  TransportFixture fixture(TransportFixture::open_options(), {{"feed.test", {"127.0.0.1"}}});
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("a"), ok("b")})});
  REQUIRE(fixture.get(server.url("/", "feed.test")));
  CHECK(fixture.lookups == 1);
  REQUIRE(fixture.get(server.url("/", "feed.test")));
  CHECK(fixture.lookups == 1);
}

TEST_CASE("an unknown name is a network failure", "[net][transport]") {
  TransportFixture fixture(guarded(), {{"known.test", {"127.0.0.1"}}});
  const auto answer = fixture.get("http://unknown.test/");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK(answer.error().message == "unknown.test: the name has no address: no such name");
}

TEST_CASE("a trusted origin is exempt, its neighbours are not", "[net][transport][ssrf]") {
  TransportFixture fixture(guarded());
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("trusted")})});
  LoopbackServer neighbour(fixture.context, fixture.clock, {answers({ok("never")})});
  TransportOptions options = guarded();
  options.trusted_origins = {server.url("/")};
  fixture.use(options);
  const auto answer = fixture.get(server.url());
  REQUIRE(answer);
  CHECK(answer->body == "trusted");
  const auto refused = fixture.get(neighbour.url());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().failure == Failure::misconfigured);
  fixture.settle();
  CHECK(neighbour.connections() == 0);
}

TEST_CASE("redirects are followed when asked for", "[net][transport][redirect]") {
  TransportFixture fixture;
  const int status = GENERATE(301, 302, 303, 307, 308);
  LoopbackServer server(fixture.context, fixture.clock,
                        {answers({moved(status, "../b?x=1#top"), moved(status, "c"), ok("arrived")})});
  HttpRequest request = following(server.url("/dir/a"));
  request.authorization = Secret("Basic abc");
  const auto answer = fixture.send(std::move(request));
  REQUIRE(answer);
  CHECK(answer->body == "arrived");
  CHECK(answer->url == server.url("/c"));
  REQUIRE(server.requests().size() == 3);
  CHECK(server.requests()[1].starts_with("GET /b?x=1 HTTP/1.1\r\n"));
  for (const auto& sent : server.requests()) CHECK_THAT(sent, Catch::Contains("Authorization: Basic abc\r\n"));
}

TEST_CASE("redirects are left alone when not asked for, or for other methods", "[net][transport][redirect]") {
  TransportFixture fixture;
  LoopbackServer server(fixture.context, fixture.clock, {answers({moved(302, "/b")})});
  HttpRequest request = following(server.url("/a"));
  SECTION("not asked for") { request.follow_redirects = false; }
  SECTION("POST") { request.method = "POST"; }
  const auto answer = fixture.send(std::move(request));
  REQUIRE(answer);
  CHECK(answer->status == 302);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("another origin gets neither authorization nor cookies", "[net][transport][redirect]") {
  TransportFixture fixture;
  LoopbackServer other(fixture.context, fixture.clock, {answers({ok("other")})});
  LoopbackServer server(fixture.context, fixture.clock, {answers({moved(302, other.url("/there"))})});
  HttpRequest request = following(server.url());
  request.authorization = Secret("Bearer abc");
  request.headers = {{"Cookie", "id=1"}, {"If-None-Match", "\"1\""}};
  const auto answer = fixture.send(std::move(request));
  REQUIRE(answer);
  CHECK(answer->url == other.url("/there"));
  const std::string& sent = other.requests().at(0);
  CHECK_THAT(sent, !Catch::Contains("Authorization") && !Catch::Contains("Cookie"));
  CHECK_THAT(sent, Catch::Contains("If-None-Match: \"1\"\r\n"));
}

TEST_CASE("a chain of redirects ends after three", "[net][transport][redirect]") {
  TransportFixture fixture;
  LoopbackServer server(
      fixture.context, fixture.clock,
      {answers({moved(302, "/a"), moved(302, "/a"), moved(302, "/a"), moved(302, "/a"), ok("never")})});
  const auto answer = fixture.send(following(server.url("/a")));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::malformed);
  CHECK(server.requests().size() == 4);
}

TEST_CASE("a redirect is checked like the first URL", "[net][transport][redirect][ssrf]") {
  TransportFixture fixture;
  LoopbackServer inside(fixture.context, fixture.clock, {answers({ok("never")})});
  const std::string host =
      GENERATE("127.0.0.1", "feed.test", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254", "10.0.0.1");
  const std::string location = inside.url("/", host);
  INFO(location);
  LoopbackServer server(fixture.context, fixture.clock, {answers({moved(302, location)})});
  TransportOptions options = guarded();
  options.trusted_origins = {server.url()};
  fixture.use(options, {{"feed.test", {"127.0.0.1"}}});
  const auto answer = fixture.send(following(server.url()));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::misconfigured);
  CHECK_THAT(answer.error().message, Catch::Contains("not public"));
  CHECK(server.requests().size() == 1);
  fixture.settle();
  CHECK(inside.connections() == 0);
}

TEST_CASE("redirects to what is no http URL fail", "[net][transport][redirect]") {
  TransportFixture fixture;
  const std::string location =
      GENERATE("ftp://a.test/", "file:///etc/passwd", "http://user:word@a.test/", "gopher://127.0.0.1/_x", "http:///x",
               "//", "http://a b/", "javascript:alert(1)");
  LoopbackServer server(fixture.context, fixture.clock, {answers({moved(302, location)})});
  const auto answer = fixture.send(following(server.url()));
  INFO(location);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::malformed);
}

TEST_CASE("options that cannot be read are told at once", "[net][transport]") {
  TransportOptions options;
  SECTION("trusted origin") { options.trusted_origins = {"not a url"}; }
  SECTION("CA file") { options.ca_file = "/nonexistent/ca.pem"; }
  CHECK_THROWS_AS(TransportFixture(options), std::invalid_argument);
}

}  // namespace
}  // namespace calsync::testing
