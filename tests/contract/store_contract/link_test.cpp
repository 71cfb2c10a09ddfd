// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <boost/asio/detached.hpp>

#include "tests/contract/store_contract/world.hpp"

namespace calsync::contract {
namespace {

using simulation::Commit;
using simulation::MemoryDatabase;
using simulation::Operator;

constexpr const char* connection_id = "30000000-0000-4000-8000-000000000001";

/// Breaks before or after the statement that it is told.
class BreakingLink final : public simulation::DatabaseLink {
 public:
  Task<void> request(std::string_view statement) override {
    if (statement == before) throw db::DatabaseError("refused", "");
    co_return;
  }
  Task<void> reply(std::string_view statement) override {
    if (statement == after) throw db::DatabaseError("the answer is lost", "");
    co_return;
  }
  std::string before{};
  std::string after{};
};

struct Simulated {
  Simulated() {
    store::NewConnection one;
    one.owner = OwnerId::trusted(owner_ids().front());
    one.provider = "google";
    one.account = "account";
    Operator(database).add_owner(owner_ids().front());
    simulation::ApiServer(database).connect(one, connection_id, {});
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run_task(context, std::move(task));
  }
  const simulation::ConnectionRow& row() { return *database.tables().connections.find(connection_id); }

  std::vector<sync::Claim> claim() {
    store::ClaimFilter filter;
    filter.providers = {"google"};
    return run(worker->queue().claim({ConnectionId::trusted(connection_id)}, filter, 60));
  }

  SettableClock clock;
  MemoryDatabase database{clock};
  BreakingLink link;
  asio::io_context context;
  std::unique_ptr<store::WorkerDatabase> worker =
      database.worker(WorkerId::trusted(worker_ids().front()), "host", "1", link);
};

TEST_CASE("a statement whose request is lost is not applied") {
  Simulated here;
  here.link.before = "queue_claim";
  CHECK_THROWS_AS(here.claim(), db::DatabaseError);
  CHECK(here.row().lease_token == 0);
}

TEST_CASE("a statement whose reply is lost is applied") {
  Simulated here;
  here.link.after = "queue_claim";
  CHECK_THROWS_AS(here.claim(), db::DatabaseError);
  CHECK(here.row().lease_token == 1);
}

TEST_CASE("of a call that is several statements only the first may be applied") {
  Simulated here;
  Operator(here.database).update_connections([](const auto&) { return true; }, {.sync_needed = false});
  here.link.before = "connections_wake";
  CHECK_THROWS_AS(here.run(here.worker->gates().mark({}, {}, "")), db::DatabaseError);
  CHECK_FALSE(here.row().sync_needed);
}

TEST_CASE("a transaction that fails leaves nothing behind") {
  Simulated here;
  const sync::Claim claim = here.claim().front();
  sync::RunRows rows;
  rows.calendars.push_back({"primary", "name", "", "owner", true});
  sync::Settlement settlement;
  settlement.connection = claim.connection;
  settlement.lease_token = claim.lease_token;
  settlement.sync_id = "no uuid";
  CHECK_THROWS_AS(here.run(here.worker->mirror().settle(claim, rows, settlement)), db::DatabaseError);
  CHECK(here.database.tables().calendars.size() == 0);
  CHECK(here.row().lease_until.has_value());
}

TEST_CASE("observers see each row that a statement changed, before and after") {
  Simulated here;
  std::vector<Commit> commits;
  here.database.on_commit([&commits](const Commit& commit) { commits.push_back(commit); });
  here.claim();
  REQUIRE(commits.size() == 1);
  CHECK(commits[0].statement == "queue_claim");
  CHECK(commits[0].origin == worker_ids().front());
  CHECK(commits[0].at == here.clock.at);
  REQUIRE(commits[0].connections.size() == 1);
  CHECK(commits[0].connections[0].before->lease_token == 0);
  CHECK(commits[0].connections[0].after->lease_token == 1);

  Operator(here.database).delete_connection(connection_id);
  REQUIRE(commits.size() == 2);
  CHECK(commits[1].origin == "operator");
  CHECK(commits[1].connections.at(0).after == nullptr);
}

TEST_CASE("what a claim and its settlement cost", "[.speed]") {
  Simulated here;
  constexpr int runs = 20'000;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) {
    here.clock.at += std::chrono::hours(1);
    const sync::Claim claim = here.claim().at(0);
    sync::Settlement settlement;
    settlement.connection = claim.connection;
    settlement.lease_token = claim.lease_token;
    settlement.wake_seq = claim.wake_seq;
    settlement.edit_seq = claim.edit_seq;
    settlement.sync_id = connection_id;
    settlement.noteworthy = false;
    REQUIRE(here.run(here.worker->queue().settle({settlement})).settled.size() == 1);
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  WARN(took.count() / runs << " us a claim and settlement");
}

Task<void> listen(store::WorkerDatabase& worker, int& woken, std::string& end) {
  try {
    co_await worker.listen([&woken] { ++woken; });
  } catch (const db::DatabaseError& error) {
    end = error.what();
  }
}

TEST_CASE("listeners hear of what is due, until their session is cut") {
  Simulated here;
  int woken = 0;
  std::string end;
  asio::co_spawn(here.context, listen(*here.worker, woken, end), asio::detached);
  const auto settle_down = [&here] {
    here.context.restart();
    here.context.poll();
  };
  settle_down();
  simulation::ApiServer(here.database).wake(connection_id, store::Priority::interactive);
  settle_down();
  CHECK(woken == 1);
  here.claim();  // NOTIFY is for what becomes due
  settle_down();
  CHECK(woken == 1);

  SECTION("by the network") { here.database.cut_listeners(worker_ids().front()); }
  SECTION("while a notification is on its way") {
    here.link.after = "calsync_wake";
    simulation::ApiServer(here.database).wake(connection_id, store::Priority::interactive);
  }
  settle_down();
  CHECK_FALSE(end.empty());
  CHECK(woken == 1);
}

}  // namespace
}  // namespace calsync::contract
