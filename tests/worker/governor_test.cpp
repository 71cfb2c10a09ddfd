// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/governor.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "fleet.hpp"

using namespace calsync;
using namespace calsync::testing;
using namespace std::chrono_literals;

namespace {

FleetOptions with_quotas(Settings::Quotas quotas, int workers = 2) {
  FleetOptions options;
  options.workers = workers;
  options.settings.google.quotas = quotas;
  return options;
}

void add_many(Fleet& fleet, int count, store::Rank rank = store::Rank::poll) {
  for (int i = 0; i < count; ++i) fleet.queue.add("owner" + std::to_string(i), 0s, rank);
}

int failed(const Fleet& fleet) {
  const auto& rows = fleet.queue.rows();
  return static_cast<int>(
      std::count_if(rows.begin(), rows.end(), [](const auto& one) { return one.second.error_count > 0; }));
}

int synced(const Fleet& fleet) {
  const auto& rows = fleet.queue.rows();
  return static_cast<int>(
      std::count_if(rows.begin(), rows.end(), [](const auto& one) { return one.second.synced >= 0s; }));
}

/// Two workers, each with a connection of one account.
struct SharedAccount {
  asio::io_context io{};
  VirtualClock clock{};
  MemoryRates rates{clock};
  MemoryCircuits circuits{clock};
  SeededRandom random{1};
  FakeTransport transport{};
  Metrics metrics{};
  Log log{clock, Level::info, [](std::string_view) {}};
  Settings settings = [] {
    Settings made;
    made.google.client_id = "client";
    return made;
  }();
  providers::Registry registry{providers::registry_settings(settings), transport, clock, metrics};
  worker::Governor one{{io.get_executor(), clock, random, log, registry, rates, circuits}, 300};
  worker::Governor other{{io.get_executor(), clock, random, log, registry, rates, circuits}, 300};

  static sync::Claim claim(std::string_view id) {
    sync::Claim claim;
    claim.connection = ConnectionId::trusted(std::string(id));
    claim.provider = "google";
    claim.account = "ada";
    claim.account_links = 2;
    return claim;
  }

  /// The one worker hears `error`; whether the other may call this much later.
  Task<void> hear(Error error, Duration later, bool& may_call) {
    const sync::Claim first = claim("10000000-0000-4000-8000-000000000001");
    const sync::Claim second = claim("10000000-0000-4000-8000-000000000002");
    worker::Traffic mine{first, *registry.find("google")};
    worker::Traffic theirs{second, *registry.find("google")};
    CHECK((co_await one.begin(mine)).has_value());
    CHECK((co_await one.before_call(mine)).has_value());
    one.after_call(mine, &error);
    co_await clock.sleep(later);
    CHECK((co_await other.begin(theirs)).has_value());
    may_call = (co_await other.before_call(theirs)).has_value();
  }

  bool may_call_after(const Error& error, Duration later) {
    bool done = false;
    bool may_call = false;
    const auto rethrow = [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    };
    for (worker::Governor* governor : {&one, &other})
      asio::co_spawn(io, governor->serve([] {}, [&done] { return done; }), rethrow);
    asio::co_spawn(io, hear(error, later, may_call), [&](std::exception_ptr failure) {
      done = true;
      rethrow(failure);
    });
    for (int round = 0; !done && round < 10000; ++round) {
      io.restart();
      if (io.poll() == 0 && !clock.advance_to_next()) break;
    }
    // Their loops end at their next round.
    for (int round = 0; round < 10; ++round) {
      io.restart();
      if (io.poll() == 0 && !clock.advance_to_next()) break;
    }
    return may_call;
  }
};

}  // namespace

TEST_CASE("two workers together stay within the project's quota in every minute, and nobody fails for it") {
  for (const int quota : {30, 120, 1200}) {
    Fleet fleet(with_quotas({quota, 0, 0, 0, 0}));
    add_many(fleet, 600);
    fleet.pass(15min);
    const int most = fleet.most_calls(0s, 14min, 60);
    CHECK(most <= quota);
    CHECK(most >= quota / 2);
    CHECK(failed(fleet) == 0);
    // All that is asked for, or most of what may be had.
    CHECK(fleet.calls_between(5min, 15min) >= std::min(2400.0, quota * 10 * 0.6));
  }
}

TEST_CASE("a quota that is not reached costs few statements and no time") {
  Fleet fleet(with_quotas({100000, 600, 0, 0, 64}));
  add_many(fleet, 6000);
  fleet.pass(60s);
  CHECK(synced(fleet) == 6000);
  CHECK(fleet.calls_between(0s, 60s) == 12000);
  CHECK(fleet.rates.asked < 600);
}

TEST_CASE("what one account is refused stops nobody else") {
  Fleet fleet(with_quotas({10000, 600, 0, 0, 64}));
  add_many(fleet, 20);
  fleet.failure_of = [](const sync::Claim& claim) -> std::optional<Error> {
    if (claim.owner.str() != "owner0") return std::nullopt;
    Error error = fail(Failure::quota_exhausted, "the daily limit", 600s);
    error.limit = LimitScope::project;
    return error;
  };
  fleet.pass(30s);
  CHECK(synced(fleet) == 19);
  CHECK(failed(fleet) == 1);
}

TEST_CASE("a wait that one connection of an account hears holds for its others, also at another worker") {
  CHECK_FALSE(SharedAccount().may_call_after(fail(Failure::throttled, "429", 20s), 100ms));
  CHECK_FALSE(SharedAccount().may_call_after(fail(Failure::throttled, "429 without a time"), 100ms));
  CHECK_FALSE(SharedAccount().may_call_after(fail(Failure::unavailable, "503", 20s), 100ms));
  CHECK_FALSE(SharedAccount().may_call_after(fail(Failure::throttled, "429", 20s), 16s));
  CHECK(SharedAccount().may_call_after(fail(Failure::throttled, "429", 20s), 21s));
  // A failure that names no wait is the connection's own.
  CHECK(SharedAccount().may_call_after(fail(Failure::unavailable, "503"), 100ms));
}

TEST_CASE("a limit of the project, said to three owners, holds for all workers as long as it was asked for") {
  Fleet fleet(with_quotas({10000, 600, 0, 0, 64}));
  add_many(fleet, 2000);
  fleet.failure_of = [](const sync::Claim&) -> std::optional<Error> {
    Error error = fail(Failure::quota_exhausted, "the daily limit", 600s);
    error.limit = LimitScope::project;
    return error;
  };
  fleet.pass(10s);
  CHECK(fleet.calls_between(0s, 10s) < 600);
  fleet.failure_of = {};
  fleet.pass(9min);
  CHECK(fleet.calls_between(10s, 9min) == 0);
  fleet.pass(6min);
  CHECK(synced(fleet) > 1500);
}

TEST_CASE("when most owners at once are told to slow down, all of us do, for a while") {
  Fleet fleet(with_quotas({10000, 600, 0, 0, 64}));
  add_many(fleet, 1000);
  fleet.failure_of = [](const sync::Claim&) { return std::optional(fail(Failure::throttled, "429", 20s)); };
  fleet.pass(19s);
  CHECK(fleet.calls_between(5s, 19s) == 0);
  CHECK(failed(fleet) < 600);
}

TEST_CASE("full reads that nobody waits for have so many places, and what is refused comes back") {
  Fleet fleet(with_quotas({0, 0, 0, 0, 4}));
  SeededRandom random(1);
  MemoryRates& rates = fleet.rates;
  int entered = 0;
  for (int i = 0; i < 10; ++i) {
    store::Slot slot{{"full_reads", "google"}, std::to_string(i), 4, 300};
    entered += run_task(rates.enter(slot)) ? 1 : 0;
  }
  CHECK(entered == 4);
}
