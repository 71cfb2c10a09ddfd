// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_series.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/crypto.hpp"
#include "common/calendar/timezone.hpp"
#include "common/providers/microsoft/recurrence_dates.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"

namespace calsync::microsoft {
namespace {

using std::chrono::days;
using std::chrono::seconds;

std::chrono::sys_seconds time_of(std::int64_t key) { return std::chrono::sys_seconds(seconds(key)); }
std::chrono::year_month_day date_of(std::chrono::sys_seconds time) { return std::chrono::floor<days>(time); }
std::int64_t key_of(Time time) { return std::chrono::floor<seconds>(time).time_since_epoch().count(); }

/// The slots of the rule from the day of `from` to the day of `to`, and some around: those of its RRULE line, which is
/// what these are corrections of. The range may end in another zone than the event's, where it is another day.
std::set<std::int64_t> expected_slots(const Master& master, std::int64_t from, std::int64_t to) {
  const calendar::Event& event = master.event;
  const std::optional<Time> last = last_start(master.recurrence, event.start);
  Recurrence rule = master.recurrence;
  if (last) rule.end = std::chrono::sys_days(rule.end) + days(2);
  const auto dates = recurrence_dates(rule, date_of(time_of(from) - days(2)), date_of(time_of(to) + days(2)));
  std::set<std::int64_t> slots;
  Duration time_of_day{0};
  const std::string zone = event.time_zone.empty() ? "UTC" : event.time_zone;
  if (event.start.instant) {
    const Time wall = calendar::wall_time(*event.start.instant, zone).value_or(*event.start.instant);
    time_of_day = wall - std::chrono::floor<days>(wall);
  }
  for (const std::chrono::sys_days date : dates) {
    const Time wall = Time(date) + time_of_day;
    const Time slot = event.is_all_day ? wall : calendar::instant_of(wall, zone).value_or(wall);
    if (!last || slot <= *last) slots.insert(key_of(slot));
  }
  return slots;
}

std::string date_list(std::string_view name, const std::vector<std::int64_t>& keys, bool all_day) {
  std::string line = fmt::format("{}{}:", name, all_day ? ";VALUE=DATE" : "");
  for (std::size_t at = 0; at < keys.size(); ++at) {
    if (at > 0) line += ',';
    line += all_day ? ical_date(date_of(time_of(keys[at]))) : ical_utc(time_of(keys[at]));
  }
  return line;
}

}  // namespace

std::int64_t slot_key(const calendar::EventTime& slot) {
  if (slot.date) return key_of(std::chrono::sys_days(*slot.date));
  return slot.instant ? key_of(*slot.instant) : 0;
}

calendar::Event complete_series(Master master, const std::set<std::int64_t>& seen, const Window& window) {
  const std::int64_t from = key_of(window.from + days(1));
  const std::int64_t to = key_of(window.to - days(1));
  const std::int64_t first = seen.empty() ? from : std::min(from, *seen.begin());
  const std::int64_t last = seen.empty() ? to : std::max(to, *seen.rbegin());
  const std::set<std::int64_t> expected = expected_slots(master, first, last);
  std::vector<std::int64_t> missing;
  std::vector<std::int64_t> extra;
  for (const std::int64_t slot : expected) {
    if (slot >= from && slot < to && !seen.contains(slot)) missing.push_back(slot);
  }
  std::set_difference(seen.begin(), seen.end(), expected.begin(), expected.end(), std::back_inserter(extra));
  calendar::Event event = std::move(master.event);
  if (!extra.empty()) event.recurrence.push_back(date_list("RDATE", extra, event.is_all_day));
  if (!missing.empty()) event.recurrence.push_back(date_list("EXDATE", missing, event.is_all_day));
  if (event.recurrence.size() > 1) {
    std::string lines;
    for (const std::string& line : event.recurrence) lines += line + '\n';
    event.etag += ' ' + sha256_hex(lines).substr(0, 16);
  }
  return event;
}

}  // namespace calsync::microsoft
