// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/sync/reconcile.hpp"

using namespace calsync;
using namespace calsync::sync;

namespace {

calendar::Event event(std::string id, std::string etag, std::string master = {}) {
  calendar::Event one;
  one.external_event_id = std::move(id);
  one.etag = std::move(etag);
  one.recurring_event_id = std::move(master);
  return one;
}

Delta delta(std::vector<calendar::EventChange> changes) {
  Delta out;
  for (auto& change : changes) out.add(std::move(change));
  return out;
}

std::vector<std::string> written(const Plan& plan) {
  std::vector<std::string> ids;
  for (const MirrorRow& row : plan.upserts) ids.push_back(row.event.external_event_id + "@" + row.event.etag);
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("only what differs is written") {
  const Mirror mirror{{"a", {"1"}}, {"b", {"1"}}};
  const Plan plan = reconcile(mirror, delta({event("a", "1"), event("b", "2"), event("c", "1")}), false);
  CHECK(written(plan) == Ids{"b@2", "c@1"});
  CHECK(plan.tombstones.empty());
  CHECK(plan.counts.ingested == 1);
  CHECK(plan.counts.updated == 1);
}

TEST_CASE("a snapshot buries what it does not mention, an increment does not") {
  const Mirror mirror{{"a", {"1"}}, {"ghost", {"1"}}};
  CHECK(reconcile(mirror, delta({event("a", "1")}), false).empty());
  const Plan plan = reconcile(mirror, delta({event("a", "1")}), true);
  CHECK(plan.tombstones == Ids{"ghost"});
  CHECK(plan.counts.deleted == 1);
}

TEST_CASE("a deleted master takes its exceptions along") {
  const Mirror mirror{
      {"m", {"1"}}, {"m_1", {"1", SyncStatus::synced, "m"}}, {"m_2", {"1", SyncStatus::synced, "m"}}, {"x", {"1"}}};
  const Plan plan = reconcile(mirror, delta({calendar::EventRemoved{"m"}}), false);
  CHECK(plan.tombstones == Ids{"m", "m_1", "m_2"});
}

TEST_CASE("an exception that the same delta still shows outlives its master") {
  const Mirror mirror{{"m", {"1"}}, {"m_1", {"1", SyncStatus::synced, "m"}}};
  const Plan plan = reconcile(mirror, delta({calendar::EventRemoved{"m"}, event("m_1", "2", "m")}), false);
  CHECK(plan.tombstones == Ids{"m"});
  CHECK(written(plan) == Ids{"m_1@2"});
}

TEST_CASE("a series that is read whole loses the exceptions that it no longer has") {
  const Mirror mirror{
      {"m", {"1"}}, {"m_1", {"1", SyncStatus::synced, "m"}}, {"m_2", {"1", SyncStatus::synced, "m"}}, {"x", {"1"}}};
  calendar::Event master = event("m", "1");
  CHECK(reconcile(mirror, delta({master, event("m_1", "1", "m")}), false).empty());
  master.whole_series = true;
  const Plan plan = reconcile(mirror, delta({master, event("m_1", "1", "m")}), false);
  CHECK(plan.tombstones == Ids{"m_2"});
  CHECK(plan.upserts.empty());
}

TEST_CASE("a series that occurs at other times has exceptions of which nobody knows") {
  calendar::Event master = event("m", "2");
  master.start.instant = *parse_rfc3339("2026-03-09T08:00:00Z");
  master.time_zone = "Europe/Berlin";
  master.recurrence = {"RRULE:FREQ=DAILY"};
  const auto unknown = [&](const std::string& slots, std::vector<calendar::EventChange> more = {}) {
    const Mirror mirror{{"m", {"1", SyncStatus::synced, "", false, false, slots}},
                        {"m_1", {"1", SyncStatus::synced, "m"}}};
    more.push_back(master);
    return reconcile(mirror, delta(std::move(more)), false).exceptions_unknown;
  };
  CHECK(slots_of(master) == "0\n1773043200\nEurope/Berlin\nRRULE:FREQ=DAILY");
  CHECK_FALSE(unknown("0\n1773043200\nEurope/Berlin\nRRULE:FREQ=DAILY"));
  CHECK(unknown("1\n1773043200\nEurope/Berlin\nRRULE:FREQ=DAILY"));  // it was moved, and moved back
  CHECK(unknown(""));                                                // it could not be read for a while
  CHECK(unknown("0\n1773046800\nEurope/Berlin\nRRULE:FREQ=DAILY"));
  CHECK(unknown("0\n1773043200\nEurope/London\nRRULE:FREQ=DAILY"));
  CHECK(unknown("0\n1773043200\nEurope/Berlin\nRRULE:FREQ=WEEKLY"));
  CHECK(unknown("0\n2026-03-09\nRRULE:FREQ=DAILY"));
  CHECK_FALSE(unknown("0\n2026-03-09\nRRULE:FREQ=DAILY", {event("m_1", "2", "m")}));
  CHECK_FALSE(unknown("0\n2026-03-09\nRRULE:FREQ=DAILY", {calendar::EventRemoved{"m_1"}}));
  master.recurrence.clear();
  CHECK(unknown("0\n1773043200\nEurope/Berlin\nRRULE:FREQ=DAILY"));
  master.whole_series = true;
  CHECK_FALSE(unknown("0\n1773043200\nEurope/Berlin\nRRULE:FREQ=DAILY"));
}

TEST_CASE("the same event twice in one read: the later one counts") {
  const Plan plan = reconcile({}, delta({event("a", "1"), event("b", "1"), event("a", "2")}), false);
  CHECK(written(plan) == Ids{"a@2", "b@1"});
  const Plan removed = reconcile({{"a", {"1"}}}, delta({event("a", "2"), calendar::EventRemoved{"a"}}), false);
  CHECK(removed.tombstones == Ids{"a"});
  CHECK(removed.upserts.empty());
}

TEST_CASE("removing what is not known is nothing") {
  CHECK(reconcile({}, delta({calendar::EventRemoved{"a"}}), false).empty());
}

TEST_CASE("an event that cannot be understood becomes a FAILED row, once") {
  const calendar::EventUnreadable bad{"a", "uid", "it has no start", "{}", "1"};
  const Plan plan = reconcile({}, delta({bad, event("b", "1")}), false);
  REQUIRE(plan.upserts.size() == 2);
  CHECK(plan.upserts[0].status == SyncStatus::failed);
  CHECK(plan.upserts[0].last_error == "malformed_response: it has no start");
  CHECK(plan.counts.failed == 1);
  CHECK(reconcile({{"a", {"1", SyncStatus::failed}}}, delta({bad}), false).empty());
}

TEST_CASE("a failed event that is put back to CREATED is judged again, and heals when it can be read") {
  const calendar::EventUnreadable bad{"a", "uid", "it has no start", "{}", "1"};
  CHECK(reconcile({{"a", {"1", SyncStatus::created}}}, delta({bad}), true).upserts.size() == 1);
  const Plan healed = reconcile({{"a", {"1", SyncStatus::failed}}}, delta({event("a", "1")}), false);
  REQUIRE(healed.upserts.size() == 1);
  CHECK(healed.upserts[0].status == SyncStatus::synced);
  CHECK(reconcile({{"a", {"1", SyncStatus::created}}}, delta({}), true).tombstones == Ids{"a"});
}

TEST_CASE("rows with work towards the provider are left to the outbound side") {
  const Mirror mirror{{"u", {"1", SyncStatus::updated}},
                      {"c", {"1", SyncStatus::cancelled}},
                      {"b", {"", SyncStatus::created, "", true}}};
  CHECK(reconcile(mirror, delta({event("u", "2"), event("c", "2"), event("b", "2")}), true).empty());
  CHECK(reconcile(mirror, delta({}), true).empty());
}

TEST_CASE("replaying a read changes nothing more") {
  const Plan first = reconcile({}, delta({event("a", "1"), event("b", "1")}), true);
  Mirror mirror;
  for (const MirrorRow& row : first.upserts) mirror[row.event.external_event_id] = {row.event.etag, row.status};
  CHECK(reconcile(mirror, delta({event("a", "1"), event("b", "1")}), true).empty());
}
