// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/simulation/database/memory_database.hpp"
#include "tests/simulation/kernel/seeded_random.hpp"
#include "tests/support/run_task.hpp"

using namespace calsync;
using simulation::EventRow;
using simulation::MemoryDatabase;
using simulation::SeededRandom;

namespace {

constexpr const char* calendar_id = "team";

/// A leased connection over whose calendar the two ways of a full read are compared.
struct Mirrored {
  explicit Mirrored(testing::VirtualClock& clock) : database(clock) {
    claim.connection = ConnectionId::trusted("00000000-0000-4000-8000-000000000001");
    claim.owner = OwnerId::trusted("00000000-0000-4000-8000-000000000002");
    claim.provider = "google";
    claim.lease_token = 7;
    database.apply("test", "test", [&](simulation::Transaction& one) {
      simulation::ConnectionRow row;
      row.id = claim.connection.str();
      row.provider_id = claim.owner.str();
      row.provider = claim.provider;
      row.lease_token = claim.lease_token;
      row.lease_until = one.now;
      one.insert_connection(std::move(row));
    });
  }

  void add(EventRow row) {
    row.key = {claim.connection.str(), calendar_id, row.key.external_event_id};
    row.provider_id = claim.owner.str();
    row.provider = claim.provider;
    database.apply("test", "test", [&](simulation::Transaction& one) { one.insert_event(row); });
  }

  std::string rows() const {
    std::string text;
    for (const auto& [key, row] : database.tables().events.rows()) {
      text += key.external_event_id + " " + row->title.value_or("-") + " " + row->etag.value_or("-") + " " +
              row->sync_status + " " + row->last_error.value_or("-") + " " + row->booking_id.value_or("-") + " " +
              row->start_time.value_or("-") + (row->deleted_at ? " gone\n" : "\n");
    }
    return text;
  }

  store::MirrorStore& mirror() { return worker->mirror(); }

  MemoryDatabase database;
  sync::Claim claim;
  std::unique_ptr<store::WorkerDatabase> worker = database.worker(WorkerId::trusted("w"), "host", "1");
};

std::string some_id(SeededRandom& random) { return "event" + std::to_string(random.below(12)); }
std::string some_etag(SeededRandom& random) { return random.chance(0.2) ? "" : "v" + std::to_string(random.below(3)); }

EventRow some_row(SeededRandom& random) {
  static const std::vector<std::string> states{"SYNCED",  "SYNCED",    "SYNCED", "CREATED",
                                               "UPDATED", "CANCELLED", "FAILED"};
  EventRow row;
  row.key.external_event_id = some_id(random);
  row.title = "before";
  row.etag = db::null_if_empty(some_etag(random));
  row.sync_status = random.pick(states);
  if (random.chance(0.3)) row.booking_id = "booking";
  if (random.chance(0.2)) row.deleted_at = Time();
  return row;
}

calendar::EventChange some_change(SeededRandom& random) {
  if (random.chance(0.15)) return calendar::EventRemoved{some_id(random)};
  if (random.chance(0.15)) {
    calendar::EventUnreadable unreadable;
    unreadable.external_event_id = some_id(random);
    unreadable.etag = some_etag(random);
    unreadable.reason = "it is odd";
    return unreadable;
  }
  calendar::Event event;
  event.external_event_id = some_id(random);
  event.etag = some_etag(random);
  event.title = "version " + std::to_string(random.below(1000));
  event.start.date = std::chrono::year(2026) / 3 / 2;
  return event;
}

/// Read in one piece.
sync::Counts held(Mirrored& one, const std::vector<calendar::EventChange>& changes, const std::string& zone,
                  bool rezoned) {
  sync::Delta delta;
  for (const calendar::EventChange& change : changes) delta.add(change);
  sync::Mirror known = testing::run_task(one.mirror().known(one.claim.connection, calendar_id));
  if (rezoned) {
    for (auto& [id, row] : known) row.etag.clear();
  }
  sync::RunRows rows;
  rows.plans.push_back({calendar_id, zone, sync::reconcile(known, std::move(delta), true)});
  const sync::Counts counts = rows.plans.front().plan.counts;
  REQUIRE(testing::run_task(one.mirror().checkpoint(one.claim, rows, "position", 60)));
  return counts;
}

/// Read in batches, each of which knows nothing of the others.
sync::Counts staged(Mirrored& one, const std::vector<calendar::EventChange>& changes, const std::string& zone,
                    bool rezoned, SeededRandom& random) {
  sync::StagedRead read{calendar_id, zone, rezoned, 0};
  for (std::size_t at = 0; at < changes.size() || read.batches == 0; ++read.batches) {
    sync::Delta delta;
    for (std::size_t more = random.below(6); more > 0 && at < changes.size(); --more) delta.add(changes[at++]);
    sync::StagedBatch batch;
    for (calendar::EventChange& change : std::move(delta).take()) {
      const std::string id = sync::id_of(change);
      if (auto row = sync::mirror_row(std::move(change))) {
        batch.rows.push_back(std::move(*row));
      } else {
        batch.removed.push_back(id);
      }
    }
    REQUIRE(testing::run_task(one.mirror().stage(one.claim, read, batch, 60)));
  }
  const auto counts = testing::run_task(one.mirror().flip(one.claim, {}, read, "position", 60));
  REQUIRE(counts);
  return *counts;
}

}  // namespace

TEST_CASE("a full read means the same for the mirror whether it is held or staged") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    testing::VirtualClock clock;
    Mirrored whole(clock);
    Mirrored pieces(clock);
    std::set<std::string> taken;
    for (std::size_t more = random.below(14); more > 0; --more) {
      EventRow row = some_row(random);
      if (!taken.insert(row.key.external_event_id).second) continue;
      whole.add(row);
      pieces.add(row);
    }
    std::vector<calendar::EventChange> changes;
    for (std::size_t more = random.below(25); more > 0; --more) changes.push_back(some_change(random));
    const bool rezoned = random.chance(0.3);
    const std::string zone = random.chance(0.5) ? "Asia/Kolkata" : "America/New_York";
    const sync::Counts expected = held(whole, changes, zone, rezoned);
    const sync::Counts found = staged(pieces, changes, zone, rezoned, random);
    CHECK(pieces.rows() == whole.rows());
    CHECK(found.ingested == expected.ingested);
    CHECK(found.updated == expected.updated);
    CHECK(found.deleted == expected.deleted);
    CHECK(found.failed == expected.failed);
    CHECK(pieces.database.tables().staged_events.size() == 0);
    CHECK(pieces.database.tables().staged_reads.size() == 0);
  }
}

TEST_CASE("a batch whose predecessors are gone is refused") {
  testing::VirtualClock clock;
  Mirrored one(clock);
  sync::StagedRead read{calendar_id, "", false, 0};
  REQUIRE(testing::run_task(one.mirror().stage(one.claim, read, {}, 60)));
  read.batches = 2;
  CHECK_THROWS_AS(testing::run_task(one.mirror().stage(one.claim, read, {}, 60)), db::DatabaseError);
  CHECK_THROWS_AS(testing::run_task(one.mirror().flip(one.claim, {}, read, "position", 60)), db::DatabaseError);
  read.batches = 1;
  CHECK(testing::run_task(one.mirror().flip(one.claim, {}, read, "position", 60)));
}

TEST_CASE("whoever has lost the lease neither stages nor flips") {
  testing::VirtualClock clock;
  Mirrored one(clock);
  sync::StagedRead read{calendar_id, "", false, 0};
  REQUIRE(testing::run_task(one.mirror().stage(one.claim, read, {}, 60)));
  sync::Claim old = one.claim;
  --old.lease_token;
  read.batches = 1;
  CHECK_FALSE(testing::run_task(one.mirror().stage(old, read, {}, 60)));
  CHECK_FALSE(testing::run_task(one.mirror().flip(old, {}, read, "position", 60)));
}
