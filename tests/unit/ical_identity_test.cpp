// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_identity.hpp"

#include <catch2/catch.hpp>

#include "common/calendar/fingerprint.hpp"

namespace calsync::calendar {
namespace {

using Ids = std::vector<std::string>;

/// An event of one hour on that day of March 2026.
struct Made : IcalEvent {
  Made(const std::string& id, unsigned day, const std::string& title = "x") {
    uid = id;
    event.ical_uid = id;
    event.title = title;
    event.start.instant = std::chrono::sys_days(std::chrono::year(2026) / 3 / day) + std::chrono::hours(9);
    event.end.instant = *event.start.instant + std::chrono::hours(1);
    digest = "digest-" + title;
  }
  Made& of(const std::string& key) {
    recurrence_key = key;
    event.original_start = event.start;
    return *this;
  }
  Made& revision(std::int64_t sequence, const std::string& stamp = {}) {
    event.sequence = sequence;
    modified = stamp;
    return *this;
  }
  Made& daily() {
    event.recurrence = {"RRULE:FREQ=DAILY"};
    return *this;
  }
  Made& broken() {
    problem = "it has no DTSTART";
    return *this;
  }
};

Ids ids_of(const Identified& identified) {
  Ids ids;
  for (const EventChange& change : identified.events) {
    if (const auto* event = std::get_if<Event>(&change)) ids.push_back(event->external_event_id);
    if (const auto* odd = std::get_if<EventUnreadable>(&change)) ids.push_back("!" + odd->external_event_id);
  }
  return ids;
}

std::string title_of(const Identified& identified, std::size_t index) {
  return std::get<Event>(identified.events.at(index)).title;
}

TEST_CASE("a UID is an id, and an exception names its series", "[ical][identity]") {
  const Identified all = identify(
      {Made("a", 2).daily(), Made("a", 3).of("20260303T090000Z"), Made("b", 2), Made("gone", 4).of("20260304T090000Z")},
      IdSource::uid);
  CHECK(ids_of(all) == Ids{"a", "a/20260303T090000Z", "b", "gone/20260304T090000Z"});
  CHECK(all.superseded == 0);
  CHECK(std::get<Event>(all.events[0]).recurring_event_id.empty());
  CHECK(std::get<Event>(all.events[1]).recurring_event_id == "a");
  CHECK(std::get<Event>(all.events[3]).recurring_event_id == "gone");
  for (const EventChange& change : all.events) {
    const Event& event = std::get<Event>(change);
    CHECK(event.etag == fingerprint(event));
    CHECK(event.ical_uid == event.external_event_id.substr(0, event.external_event_id.find('/')));
  }
}

TEST_CASE("of revisions the newest counts", "[ical][identity]") {
  struct Row {
    std::vector<IcalEvent> events;
    std::string title;
  };
  const Row rows[] = {
      {{Made("a", 2, "old").revision(0), Made("a", 3, "new").revision(1)}, "new"},
      {{Made("a", 3, "new").revision(1), Made("a", 2, "old").revision(0)}, "new"},
      {{Made("a", 2, "new").revision(1, "20260101T000000Z"), Made("a", 2, "old").revision(0, "20260201T000000Z")},
       "new"},
      {{Made("a", 2, "new").revision(0, "20260201T000000Z"), Made("a", 2, "old").revision(0, "20260101T000000Z")},
       "new"},
      {{Made("a", 2, "old"), Made("a", 2, "new")}, "new"},
      {{Made("a", 2, "old").of("k").revision(0), Made("a", 5, "new").of("k").revision(0)}, "new"}};
  for (const Row& row : rows) {
    const Identified all = identify(row.events, IdSource::uid);
    REQUIRE(all.events.size() == 1);
    CHECK(title_of(all, 0) == row.title);
    CHECK(all.superseded == 1);
  }
}

TEST_CASE("occurrences that are written out under one UID are all kept", "[ical][identity]") {
  CHECK(ids_of(identify({Made("a", 2), Made("a", 3), Made("a", 4)}, IdSource::uid)) ==
        Ids{"a#20260302T090000Z", "a#20260303T090000Z", "a#20260304T090000Z"});
  // The earliest recurring one keeps the plain UID, wherever it stands.
  CHECK(ids_of(identify({Made("a", 9), Made("a", 5).daily(), Made("a", 3).daily(), Made("a", 4).of("k")},
                        IdSource::uid)) == Ids{"a#20260309T090000Z", "a#20260305T090000Z", "a", "a/k"});
  // Revisions among them still are revisions.
  const Identified all = identify({Made("a", 2, "old"), Made("a", 3), Made("a", 2, "new").revision(1)}, IdSource::uid);
  CHECK(ids_of(all) == Ids{"a#20260303T090000Z", "a#20260302T090000Z"});
  CHECK(title_of(all, 1) == "new");
  CHECK(all.superseded == 1);
}

TEST_CASE("long UIDs become hashes, 500 bytes do not", "[ical][identity]") {
  const std::string most(500, 'u');
  const std::string longer(501, 'u');
  const Ids ids = ids_of(identify(
      {Made(most, 2), Made(longer, 2).daily(), Made(longer, 3).of("k"), Made(longer + "x", 2)}, IdSource::uid));
  CHECK(ids[0] == most);
  CHECK(ids[1].size() == 36);
  CHECK(ids[1].starts_with("uid-"));
  CHECK(ids[2] == ids[1] + "/k");
  CHECK(ids[3] != ids[1]);
}

TEST_CASE("without a UID the content is the identity", "[ical][identity]") {
  const Made one("", 2);
  const std::string id = "content-" + content_key(one.event);
  CHECK(ids_of(identify({one, Made("", 2), Made("", 3), Made("", 2)}, IdSource::uid)) ==
        Ids{id, id + "~2", "content-" + content_key(Made("", 3).event), id + "~3"});
}

TEST_CASE("made-up UIDs leave no trace", "[ical][identity]") {
  const auto fetch = [](const std::string& salt) {
    return identify({Made("1" + salt, 2, "tea").daily(), Made("1" + salt, 3, "moved").of("k"), Made("2" + salt, 4),
                     Made("3" + salt, 5).broken()},
                    IdSource::content);
  };
  const Identified first = fetch("-a");
  const Identified second = fetch("-b");
  CHECK(ids_of(first) == ids_of(second));
  REQUIRE(first.events.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) {
    const Event& event = std::get<Event>(first.events[i]);
    CHECK(event.ical_uid.empty());
    CHECK(event.external_event_id.starts_with("content-"));
    CHECK(event.etag == std::get<Event>(second.events[i]).etag);
  }
  CHECK(std::get<Event>(first.events[1]).recurring_event_id == std::get<Event>(first.events[0]).external_event_id);
  CHECK(std::get<EventUnreadable>(first.events[3]).ical_uid.empty());
}

TEST_CASE("unreadable events supersede nothing and take no one's id", "[ical][identity]") {
  const Identified all =
      identify({Made("a", 2).broken().revision(9), Made("a", 2), Made("a", 2).broken()}, IdSource::uid);
  CHECK(ids_of(all) == Ids{"!a~2", "a", "!a~3"});
  CHECK(all.superseded == 0);
  const auto& odd = std::get<EventUnreadable>(all.events[0]);
  CHECK(odd.reason == "an event cannot be understood: it has no DTSTART");
  CHECK(odd.etag == "digest-x");
  CHECK(odd.ical_uid == "a");
}

TEST_CASE("no two events share an id", "[ical][identity]") {
  CHECK(ids_of(identify({Made("a", 2).of("k"), Made("a/k", 3)}, IdSource::uid)) == Ids{"a/k", "a/k~2"});
  CHECK(identify({}, IdSource::uid).events.empty());
}

}  // namespace
}  // namespace calsync::calendar
