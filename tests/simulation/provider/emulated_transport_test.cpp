// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/emulated_transport.hpp"

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include "tests/simulation/provider/push_messages.hpp"
#include "tests/simulation/provider/test_world.hpp"

namespace calsync::simulation::testing {
namespace {

constexpr std::string_view events = "/calendar/v3/calendars/primary/events";
const std::string post_event =
    R"({"summary":"S","start":{"dateTime":"2026-03-02T09:00:00Z"},"end":{"dateTime":"2026-03-02T10:00:00Z"}})";

struct Fixture : TestWorld {
  Grant grant = make_account(world, "ada@example.com", {});

  std::size_t live() { return world.provider.find_calendar("ada@example.com")->live_count(); }
  Result<net::HttpResponse> list(Duration patience = 30s) { return get(events, grant.access_token, patience); }
  Result<net::HttpResponse> insert(Duration patience = 30s) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = std::string(provider_origin).append(events);
    request.authorization = Secret("Bearer " + grant.access_token);
    request.content_type = "application/json";
    request.body = Secret(post_event);
    return send(std::move(request), patience);
  }
  void order(const std::string& fault) { world.call("POST", "/control/faults", fault); }
};

TEST_CASE("a call takes virtual time each way and has an answer whole", "[sim][transport]") {
  Fixture f;
  const Duration before = f.clock.monotonic();
  const auto answer = f.insert();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(answer->url == std::string(provider_origin).append(events));
  CHECK(answer->header("content-type") == "application/json; charset=UTF-8");
  CHECK_FALSE(answer->header("etag").empty());
  CHECK(f.clock.monotonic() > before);
  CHECK(f.live() == 1);
  CHECK(f.get(events)->status == 401);
}

struct Case {
  Trouble trouble;
  Failure failure;
  std::string_view sentence;
  std::size_t events;  // that an insert has made
};

TEST_CASE("troubles of the network fail as on a real connection", "[sim][transport]") {
  const auto one = GENERATE(values<Case>({
      {Trouble::refused, Failure::network, "provider.sim: no connection: Connection refused", 0},
      {Trouble::dns_fails, Failure::network, "provider.sim: the name has no address", 0},
      {Trouble::dns_moves, Failure::network, "provider.sim: certificate refused: hostname mismatch", 0},
      {Trouble::dns_moves_inside, Failure::misconfigured, "provider.sim: its address is not public", 0},
      {Trouble::tls_fails, Failure::network, "provider.sim: certificate refused", 0},
      {Trouble::reset_before_send, Failure::network, "provider.sim: there was no answer", 0},
      {Trouble::reset_after_send, Failure::network, "provider.sim: there was no answer", 1},
      {Trouble::stall, Failure::timeout, "provider.sim: no complete answer in time", 0},
      {Trouble::stall_after_send, Failure::timeout, "provider.sim: no complete answer in time", 1},
  }));
  INFO(one.sentence);
  Fixture f;
  f.world.network.order({one.trouble, "/events"});
  const Duration before = f.clock.monotonic();
  const auto answer = f.insert();
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().failure == one.failure);
  CHECK_THAT(answer.error().message, Catch::StartsWith(std::string(one.sentence)));
  CHECK(f.live() == one.events);
  if (one.failure == Failure::timeout) CHECK(f.clock.monotonic() - before == 30s);
  CHECK(f.list().has_value());
}

TEST_CASE("deadlines hold to the microsecond, whatever the answer does", "[sim][transport]") {
  Fixture f;
  CHECK(f.list(0s).error().failure == Failure::timeout);
  CHECK(f.transport.calls() == 0);
  f.world.network.order({Trouble::drip, "", 1, Time::max(), 60s});
  const Duration before = f.clock.monotonic();
  CHECK(f.list(10s).error().failure == Failure::timeout);
  CHECK(f.clock.monotonic() - before == 10s);
  f.world.network.order({Trouble::drip, "", 1, Time::max(), 60s});
  CHECK(f.list(120s).has_value());
}

TEST_CASE("ordered deliveries become the failures of a real connection", "[sim][transport]") {
  Fixture f;
  const auto failure = [&](const std::string& kind) {
    f.order(R"({"kind":")" + kind + R"("})");
    const auto answer = f.list();
    return answer ? std::string("answered") : answer.error().message;
  };
  CHECK_THAT(failure("drop_before"), Catch::Contains("there was no answer"));
  CHECK_THAT(failure("drop_mid_body"), Catch::Contains("broke off after"));
  CHECK_THAT(failure("truncated"), Catch::Contains("broke off after"));
  CHECK_THAT(failure("oversized"), Catch::Contains("larger than 16777216 bytes"));
  CHECK(failure("empty_body") == "answered");
  f.order(R"({"kind":"redirect","location":"/elsewhere"})");
  CHECK(f.list()->status == 302);
}

TEST_CASE("a size limit of the request's own counts", "[sim][transport]") {
  Fixture f;
  f.insert();
  net::HttpRequest request;
  request.url = std::string(provider_origin).append(events);
  request.authorization = Secret("Bearer " + f.grant.access_token);
  request.max_body = 100;
  CHECK(f.send(request).error().failure == Failure::malformed);
}

TEST_CASE("a coroutine that is destroyed leaves a call done or not done", "[sim][transport]") {
  for (const Duration life : {Duration(1ms), Duration(200s)}) {
    Fixture f;
    asio::io_context context;
    f.world.network.order({Trouble::stall_after_send, ""});
    asio::co_spawn(
        context,
        [&]() -> Task<void> {
          co_await f.transport.send({"GET", std::string(provider_origin).append(events)}, Deadline(f.clock, 600s));
        },
        asio::detached);
    context.poll();
    f.clock.advance(life);
    context.restart();
    context.poll();
    CHECK(f.transport.calls() <= 1);
  }
}

TEST_CASE("a change is announced, and the receiver's answer decides what comes next", "[sim][push]") {
  Fixture f;
  PushMessages push(f.world);
  f.world.call("POST", std::string(events) + "/watch",
               R"({"id":"c1","type":"web_hook","address":"https://calsync.sim/hook","token":"secret"})",
               f.grant.access_token);
  auto sync = push.next_push();
  REQUIRE(sync);
  CHECK(sync->address == "https://calsync.sim/hook");
  push.finished(*std::move(sync), {200, {}, {}});
  CHECK_FALSE(push.next_push());
  CHECK_FALSE(push.next_push_due());
  f.insert();
  auto changed = push.next_push();
  REQUIRE(changed);
  CHECK(std::ranges::count(changed->headers, std::pair<std::string, std::string>("X-Goog-Channel-Token", "secret")) ==
        1);
  push.finished(*std::move(changed), {503, {}, {}});
  REQUIRE(push.next_push_due());
  CHECK(*push.next_push_due() > f.world.now());
  CHECK_FALSE(push.next_push());
  f.clock.advance(2s);
  CHECK(push.next_push());
}

TEST_CASE("the same seed gives the same bytes", "[sim][determinism]") {
  const auto transcript = [](std::uint64_t seed) {
    Fixture f;
    std::string text = f.grant.access_token;
    emulator::seed_world(seed);
    for (int i = 0; i < 20; ++i) text += f.insert()->body;
    f.world.call("POST", "/control/events/burst", R"({"email":"ada@example.com","calendar_id":"primary","count":25})");
    return text + f.list()->body + std::to_string(f.clock.monotonic().count());
  };
  CHECK(transcript(7) == transcript(7));
  CHECK(transcript(7) != transcript(8));
}

}  // namespace
}  // namespace calsync::simulation::testing
