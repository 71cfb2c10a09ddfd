// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "api-server/web/door.hpp"
#include "manual_clock.hpp"
#include "print_result.hpp"

using namespace calsync;
using namespace calsync::api;
using namespace calsync::api::web;
using namespace std::chrono_literals;

namespace {

class CountingRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override {
    std::string out = std::to_string(next_++);
    out.resize(count, '.');
    return out;
  }

 private:
  unsigned next_ = 1;
};

const std::string token = "0123456789abcdef";

struct AtTheDoor {
  testing::ManualClock clock;
  CountingRandom random;
  Door door{clock, random, *TokenRing::parse("ann:" + token, CallerKind::admin), "https://calsync.example"};

  http::Request request(std::string method, std::vector<http::Header> headers = {}) {
    http::Request made;
    made.method = std::move(method);
    made.target = "/admin/audit?q=1";
    made.headers = std::move(headers);
    made.headers.emplace_back("host", "calsync.example");
    made.peer_address = "192.0.2.1";
    return made;
  }
  /// "name=value" of a fresh session.
  std::string cookie() {
    const auto set = door.login(request("POST"), token);
    REQUIRE(set);
    return set->substr(0, set->find(';'));
  }
  http::Request form(const std::string& cookie, const std::string& csrf, std::vector<http::Header> headers) {
    headers.emplace_back("cookie", cookie);
    headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    http::Request made = request("POST", std::move(headers));
    made.body = "csrf=" + csrf;
    return made;
  }
  int status(http::Request made) {
    const auto refusal = door.refuse(made);
    return refusal ? refusal->status : 200;
  }
};

}  // namespace

TEST_CASE("a session is found by its cookie until it ends", "[web]") {
  testing::ManualClock clock;
  CountingRandom random;
  SessionTable sessions(clock, random);
  const std::string cookie = sessions.begin("ann");
  CHECK(cookie.size() == 43);
  REQUIRE(sessions.find(cookie));
  CHECK(sessions.find(cookie)->name == "ann");
  CHECK(sessions.find(cookie)->csrf != cookie);
  CHECK_FALSE(sessions.find(""));
  CHECK_FALSE(sessions.find(cookie.substr(1)));
  clock.advance(12h - 1s);
  CHECK(sessions.find(cookie));
  clock.advance(1s);
  CHECK_FALSE(sessions.find(cookie));
  const std::string other = sessions.begin("bob");
  sessions.end(other);
  CHECK_FALSE(sessions.find(other));
}

TEST_CASE("of too many sessions the oldest goes", "[web]") {
  testing::ManualClock clock;
  CountingRandom random;
  SessionTable sessions(clock, random);
  const std::string first = sessions.begin("ann");
  for (int i = 0; i < 255; ++i) {
    clock.advance(1s);
    sessions.begin("ann");
  }
  CHECK(sessions.find(first));
  clock.advance(1s);
  const std::string last = sessions.begin("ann");
  CHECK(sessions.size() == 256);
  CHECK_FALSE(sessions.find(first));
  CHECK(sessions.find(last));
}

TEST_CASE("failed logins are bounded by address and in all", "[web]") {
  testing::ManualClock clock;
  LoginLimit limit(clock);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(limit.wait("a"));
    limit.failed("a");
    clock.advance(1s);
  }
  REQUIRE(limit.wait("a"));
  CHECK(*limit.wait("a") == 290s);
  CHECK_FALSE(limit.wait("b"));
  clock.advance(290s);
  CHECK_FALSE(limit.wait("a"));
  for (int i = 0; i < 100; ++i) limit.failed("address " + std::to_string(i));
  CHECK(limit.wait("one that never failed"));
  clock.advance(5min);
  CHECK_FALSE(limit.wait("one that never failed"));
}

TEST_CASE("a token is exchanged for a cookie that scripts and other sites do not have", "[web]") {
  AtTheDoor at;
  const auto set = at.door.login(at.request("POST"), token);
  REQUIRE(set);
  CHECK_THAT(*set, Catch::EndsWith("; Path=/admin; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"));
  CHECK_THAT(*set, !Catch::Contains(token));
  CHECK(at.door.login(at.request("POST"), "fedcba9876543210").error().failure == Failure::invalid_input);
  for (int i = 0; i < 9; ++i) CHECK_FALSE(at.door.login(at.request("POST"), "wrong"));
  // Even the right token has to wait now: otherwise the bound would only slow down those who guess wrong.
  CHECK(at.door.login(at.request("POST"), token).error().failure == Failure::throttled);
}

TEST_CASE("only a form of our own page, with the session's token, passes", "[web]") {
  AtTheDoor at;
  const std::string cookie = at.cookie();
  http::Request get = at.request("GET", {{"cookie", cookie}});
  CHECK(at.status(get) == 200);
  const std::string csrf = at.door.visitor(get).csrf;
  const http::Header ours{"origin", "https://calsync.example"};
  CHECK(at.status(at.form(cookie, csrf, {ours})) == 200);
  CHECK(at.status(at.form(cookie, csrf, {ours, {"sec-fetch-site", "same-origin"}})) == 200);
  CHECK(at.status(at.form(cookie, csrf, {{"origin", "null"}, {"sec-fetch-site", "same-origin"}})) == 200);
  CHECK(at.status(at.form(cookie, csrf, {{"origin", "https://CALSYNC.example:443"}})) == 200);
  CHECK(at.status(at.form(cookie, csrf, {})) == 403);
  CHECK(at.status(at.form(cookie, csrf, {{"origin", "null"}})) == 403);
  CHECK(at.status(at.form(cookie, csrf, {{"origin", "https://evil.example"}})) == 403);
  CHECK(at.status(at.form(cookie, csrf, {{"origin", "https://evil.example"}, {"sec-fetch-site", "same-origin"}})) ==
        403);
  CHECK(at.status(at.form(cookie, csrf, {ours, {"sec-fetch-site", "same-site"}})) == 403);
  CHECK(at.status(at.form(cookie, csrf, {ours, {"sec-fetch-site", "none"}})) == 403);
  CHECK(at.status(at.form(cookie, "", {ours})) == 403);
  CHECK(at.status(at.form(cookie, at.door.visitor(at.request("GET", {{"cookie", at.cookie()}})).csrf, {ours})) == 403);
  CHECK(at.status(at.form("calsync_operator=none", csrf, {ours})) == 303);
}

TEST_CASE("without a session a page leads to the login, and back", "[web]") {
  AtTheDoor at;
  http::Request request = at.request("GET");
  const auto refusal = at.door.refuse(request);
  REQUIRE(refusal);
  CHECK(refusal->status == 303);
  CHECK(refusal->headers.back() == http::Header{"Location", "/admin/login?next=%2Fadmin%2Faudit%3Fq%3D1"});
  CHECK_FALSE(request.caller);
}

TEST_CASE("the session's name is the caller's, and its message is shown once", "[web]") {
  AtTheDoor at;
  http::Request request = at.request("GET", {{"cookie", at.cookie()}});
  CHECK_FALSE(at.door.refuse(request));
  REQUIRE(request.caller);
  CHECK(request.caller->name == "ann");
  at.door.leave_message(request, "done");
  CHECK(at.door.visitor(request).message == "done");
  CHECK(at.door.visitor(request).message.empty());
  at.door.logout(request);
  CHECK_FALSE(at.door.knows(request));
}
