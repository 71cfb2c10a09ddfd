// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/feed_author.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/simulation/provider/event_draft.hpp"

namespace calsync::simulation {
namespace {

constexpr std::int64_t day = 86400;
constexpr std::array<std::string_view, 4> zones{"Europe/Berlin", "America/New_York", "Asia/Kathmandu", ""};
constexpr std::array<std::string_view, 4> rules{"FREQ=DAILY;COUNT=20", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=YEARLY",
                                                "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12"};
constexpr std::array<std::string_view, 4> statuses{"", "CONFIRMED", "TENTATIVE", "CANCELLED"};
constexpr std::array<std::string_view, 3> transparencies{"", "OPAQUE", "TRANSPARENT"};
constexpr std::array<std::string_view, 4> classes{"", "PUBLIC", "PRIVATE", "CONFIDENTIAL"};
constexpr std::array<std::string_view, 4> answers{"", "ACCEPTED", "DECLINED", "NEEDS-ACTION"};

std::string awkward_words(Dice& dice) {
  std::string text = words(dice) + ", with a comma; a semicolon \\ and „quotes“ – größer als 75 Bytes";
  if (dice.chance(0.5)) text += "\nand a second line";
  return text;
}

}  // namespace

FeedAuthor::FeedAuthor(EmulatedWorld& world, Random& random, std::string name, bool validators)
    : world_(world), dice_(random), name_(std::move(name)), zone_("Europe/Berlin"), validators_(validators) {
  for (std::int64_t i = dice_.between(1, 6); i > 0; --i) events_.push_back(new_event());
  publish();
}

std::string FeedAuthor::url() const { return fmt::format("{}/feeds/{}.ics", provider_origin, name_); }

FeedEvent FeedAuthor::new_event() {
  FeedEvent event;
  event.uid = fmt::format("{}-{}@feeds.example.com", name_, ++made_);
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(world_.now()).time_since_epoch().count();
  const std::int64_t at = now + dice_.between(-7 * day, 14 * day);
  if (dice_.chance(0.25)) {
    event.start = {true, at - at % day, {}};
    event.end = {true, event.start.wall + dice_.between(1, 3) * day, {}};
  } else {
    event.start = {false, at - at % 900, std::string(dice_.pick(zones))};
    if (dice_.chance(0.15)) event.start = {false, event.start.wall, zone_, true};
    event.end = event.start;
    event.end.wall += dice_.between(0, 12) * 900;
  }
  event.by_duration = dice_.chance(0.2);
  if (dice_.chance(0.3)) event.rule = dice_.pick(rules);
  edit(event);
  return event;
}

void FeedAuthor::edit(FeedEvent& event) {
  event.title = dice_.chance(0.3) ? awkward_words(dice_) : words(dice_);
  event.description = dice_.chance(0.3) ? awkward_words(dice_) : std::string();
  event.location = dice_.chance(0.3) ? words(dice_) : std::string();
  event.status = dice_.pick(statuses);
  event.transparency = dice_.pick(transparencies);
  event.classification = dice_.pick(classes);
  event.guests.clear();
  event.organizer.clear();
  if (!dice_.chance(0.3)) return;
  event.organizer = "boss@example.org";
  event.guests = {{"boss@example.org", "The Boss", "ACCEPTED", false},
                  {"guest@example.org", "", std::string(dice_.pick(answers)), dice_.chance(0.5)}};
}

/// One occurrence of a series moves: its first one, which every rule here yields or RFC 5545 counts in.
void FeedAuthor::add_exception() {
  std::vector<const FeedEvent*> series;
  for (const FeedEvent& one : events_) {
    const auto is_its_exception = [&](const FeedEvent& other) { return other.is_exception && other.uid == one.uid; };
    if (!one.rule.empty() && std::ranges::none_of(events_, is_its_exception)) series.push_back(&one);
  }
  if (series.empty()) return;
  FeedEvent exception = *dice_.pick(series);
  exception.is_exception = true;
  exception.rule.clear();
  exception.excluded.clear();
  exception.original = exception.start;
  exception.start.wall += day;
  exception.end.wall += day;
  edit(exception);
  events_.push_back(std::move(exception));
}

void FeedAuthor::remove(std::size_t index) {
  const std::string uid = events_[index].uid;
  const bool series = !events_[index].is_exception;
  events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(index));
  if (series) std::erase_if(events_, [&](const FeedEvent& one) { return one.uid == uid; });
}

void FeedAuthor::mutate() {
  const std::size_t drawn = dice_.below(10);
  if (events_.empty() || drawn < 3) {
    events_.push_back(new_event());
  } else if (drawn < 5) {
    remove(dice_.below(events_.size()));
  } else if (drawn < 7) {
    add_exception();
  } else {
    FeedEvent& event = events_[dice_.below(events_.size())];
    ++event.sequence;
    edit(event);
    if (!event.rule.empty() && dice_.chance(0.3)) {
      FeedTime excluded = event.start;
      excluded.wall += 7 * day;
      event.excluded = {excluded};
    }
  }
  publish();
}

void FeedAuthor::add(FeedEvent event) {
  events_.push_back(std::move(event));
  publish();
}

void FeedAuthor::publish() {
  std::string text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//calsync//simulation//EN\r\nX-WR-CALNAME:" + name_ +
                     "\r\nX-WR-TIMEZONE:" + zone_ + "\r\n";
  for (const FeedEvent& event : events_) {
    // Some exporters write every revision, in no order.
    FeedEvent before = event;
    before.title = "As it was";
    --before.sequence;
    const bool revised = event.sequence > 1;
    if (revised && event.sequence % 2 == 0) text += ics_of(before);
    text += ics_of(event);
    if (revised && event.sequence % 2 == 1) text += ics_of(before);
  }
  text += "END:VCALENDAR\r\n";
  const std::string_view on = validators_ ? "on" : "off";
  world_.call("PUT", fmt::format("/control/feeds/{}?etag={}&last_modified={}", name_, on, on), std::move(text));
}

std::map<std::string, CanonicalRow> FeedAuthor::truth() const {
  std::map<std::string, CanonicalRow> rows;
  for (const FeedEvent& event : events_) {
    CanonicalRow row = expected_feed_row(event, zone_);
    rows.emplace(row.external_event_id, std::move(row));
  }
  return rows;
}

}  // namespace calsync::simulation
