// SPDX-License-Identifier: Apache-2.0
#include <openssl/ssl.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "transport_fixture.hpp"

namespace calsync::testing {
namespace {

using namespace std::chrono_literals;

/// A file that is gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / ("calsync-test-" + std::to_string(std::random_device()()))) {
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

net::TransportOptions trusting(const TemporaryFile& ca) {
  net::TransportOptions options;
  options.allow_private_addresses = true;
  options.ca_file = ca.path();
  return options;
}

const TableResolver::Table names{{"calendar.test", {"127.0.0.1"}}};

TEST_CASE("a certificate of the given CA file is accepted, and the connection kept", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("one"), ok("two")})}, identity);
  for (const char* body : {"one", "two"}) {
    const auto answer = fixture.get(server.url("/", "calendar.test"));
    REQUIRE(answer);
    CHECK(answer->body == body);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("an address can be the name in a certificate", "[net][transport][tls]") {
  const Identity identity = make_identity("IP:127.0.0.1");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca));
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("one")})}, identity);
  REQUIRE(fixture.get(server.url()));
}

TEST_CASE("a certificate nobody vouches for is refused", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  net::TransportOptions options;
  options.allow_private_addresses = true;
  TransportFixture fixture(options, names);
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})}, identity);
  const auto answer = fixture.get(server.url("/secret", "calendar.test"));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK(answer.error().message == "calendar.test: certificate refused: self-signed certificate");
  CHECK(server.requests().empty());
}

TEST_CASE("certificates that are trusted but wrong are refused with the cause", "[net][transport][tls]") {
  struct Case {
    std::string san;
    int from_days;
    int to_days;
    std::string cause;
  };
  const auto test = GENERATE(values<Case>({
      {"DNS:other.test", -1, 30, "hostname mismatch"},
      {"DNS:*.calendar.test", -1, 30, "hostname mismatch"},
      {"DNS:*", -1, 30, "hostname mismatch"},
      {"IP:127.0.0.1", -1, 30, "hostname mismatch"},
      {"DNS:calendar.test", -30, -1, "certificate has expired"},
      {"DNS:calendar.test", 1, 30, "certificate is not yet valid"},
  }));
  INFO(test.san << " " << test.cause);
  const Identity identity = make_identity(test.san, test.from_days, test.to_days);
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})}, identity);
  const auto answer = fixture.get(server.url("/", "calendar.test"));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK(answer.error().message == "calendar.test: certificate refused: " + test.cause);
  CHECK(server.requests().empty());
}

TEST_CASE("an address is not vouched for by a name", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:127.0.0.1");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca));
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("never")})}, identity);
  const auto answer = fixture.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, Catch::Contains("IP address mismatch"));
}

TEST_CASE("TLS below 1.2 is refused, 1.2 is not", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  const int newest = GENERATE(TLS1_1_VERSION, TLS1_2_VERSION);
  LoopbackServer server(fixture.context, fixture.clock, {answers({ok("one")})}, identity, newest);
  const auto answer = fixture.get(server.url("/", "calendar.test"));
  REQUIRE(answer.has_value() == (newest == TLS1_2_VERSION));
  if (!answer) {
    CHECK(answer.error().failure == Failure::network);
    CHECK_THAT(answer.error().message, Catch::Contains("TLS handshake"));
  }
}

TEST_CASE("a server that does not speak TLS is a network failure", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  LoopbackServer server(fixture.context, fixture.clock, {Script{send("HTTP/1.1 400 Bad Request\r\n\r\n")}, Script{}});
  const std::string url = "https://calendar.test:" + std::to_string(server.port()) + "/";
  for (int round = 0; round < 2; ++round) {
    const auto answer = fixture.get(url);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().failure == Failure::network);
    CHECK_THAT(answer.error().message, Catch::StartsWith("calendar.test: TLS handshake: "));
  }
}

TEST_CASE("a handshake that hangs is a timeout", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  LoopbackServer server(fixture.context, fixture.clock, {Script{advance(10s), await_close()}});
  const auto answer = fixture.get("https://calendar.test:" + std::to_string(server.port()) + "/");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::timeout);
  CHECK(answer.error().message == "calendar.test: no connection in time");
  fixture.run_until([&] { return server.closed_by_client() == 1; });
}

TEST_CASE("a new connection resumes the session of the last one", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  const int newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const Script once = answers({ok("one", "Connection: close\r\n")});
  LoopbackServer server(fixture.context, fixture.clock, {once, once, once}, identity, newest);
  for (int round = 0; round < 3; ++round) REQUIRE(fixture.get(server.url("/", "calendar.test")));
  CHECK(server.connections() == 3);
  CHECK(server.resumed() == 2);
}

TEST_CASE("a body without a length is not complete when TLS is cut off", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  // The script's end closes the socket without a close_notify, as an attacker on the way can.
  LoopbackServer server(fixture.context, fixture.clock, {Script{request(), send("HTTP/1.1 200 OK\r\n\r\nhalf")}},
                        identity);
  const auto answer = fixture.get(server.url("/", "calendar.test"));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().failure == Failure::network);
  CHECK_THAT(answer.error().message, Catch::Contains("broke off after 4 bytes"));
}

TEST_CASE("stale bytes are found inside TLS, too", "[net][transport][tls]") {
  const Identity identity = make_identity("DNS:calendar.test");
  const TemporaryFile ca(identity.certificate);
  TransportFixture fixture(trusting(ca), names);
  const Script first = GENERATE(Script{request(), send(ok("one") + ok("forged")), await_close()},
                                Script{request(), send(ok("one")), send(ok("forged")), await_close()},
                                Script{request(), send(ok("one"))});
  LoopbackServer server(fixture.context, fixture.clock, {first, answers({ok("two")})}, identity);
  REQUIRE(fixture.get(server.url("/", "calendar.test")));
  fixture.settle();
  const auto second = fixture.get(server.url("/", "calendar.test"));
  REQUIRE(second);
  CHECK(second->body == "two");
}

}  // namespace
}  // namespace calsync::testing
