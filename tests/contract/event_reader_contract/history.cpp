// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/event_reader_contract/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/calendar/timezone.hpp"

namespace calsync::contract {
namespace {

Time wall(const Draft& draft, const std::string& date) {
  return parse_rfc3339(date + "T" + (draft.all_day() ? "00:00" : draft.time) + ":00Z").value();
}

/// Without its Z.
std::string local(Time time) {
  std::string text = format_rfc3339(time);
  text.pop_back();
  return text;
}

}  // namespace

Draft single(std::string title, std::string date, std::string time) {
  Draft draft;
  draft.title = std::move(title);
  draft.date = std::move(date);
  draft.time = std::move(time);
  return draft;
}

Draft series(std::string title, std::string date, std::string rule, std::string time) {
  Draft draft = single(std::move(title), std::move(date), std::move(time));
  draft.rule = std::move(rule);
  return draft;
}

Draft whole_day(std::string title, std::string date, int days) {
  Draft draft = single(std::move(title), std::move(date), "");
  draft.minutes = days * 1440;
  return draft;
}

std::string wall_start(const Draft& draft, const std::string& date) { return local(wall(draft, date)); }

std::string wall_end(const Draft& draft, const std::string& date) {
  return local(wall(draft, date) + std::chrono::minutes(draft.minutes));
}

std::string utc_slot(const Draft& draft, const std::string& date) {
  const Time start = wall(draft, date);
  std::string text = draft.all_day() ? date : format_rfc3339(calendar::instant_of(start, draft.zone).value_or(start));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

void Author::page(int items) {
  world_.call("POST", "/control/settings", fmt::format(R"({{"short_pages":{}}})", items));
}

void Author::empty_pages(int pages) {
  world_.call("POST", "/control/settings", fmt::format(R"({{"empty_pages":{}}})", pages));
}

std::unique_ptr<Author> make_author(const std::string& provider, World& world) {
  if (provider == "google") return make_google_author(world);
  if (provider == "microsoft") return make_microsoft_author(world);
  return make_feed_author(world);
}

}  // namespace calsync::contract
