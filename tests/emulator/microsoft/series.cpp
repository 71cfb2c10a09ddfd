// SPDX-License-Identifier: Apache-2.0
#include "series.hpp"

#include <algorithm>

namespace calsync::emulator::microsoft {
namespace {

std::int64_t floor_day(std::int64_t seconds) { return seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400; }

}  // namespace

Span planned_span(const Item& item, std::int64_t day) {
  const Content& first = item.content;
  Span span{first.start, first.end};
  span.start.local = day * 86400 + (first.start.local - first.start.day() * 86400);
  if (first.start.zone == first.end.zone)
    span.end.local = span.start.local + (first.end.local - first.start.local);
  else
    span.end.local = span.start.utc() + (first.end.utc() - first.start.utc()) +
                     first.end.zone->offset_at(span.start.utc() + (first.end.utc() - first.start.utc()));
  return span;
}

Span span_of(const Item& item, std::optional<std::int64_t> day) {
  if (!day) return {item.content.start, item.content.end};
  if (const auto changed = item.exceptions.find(*day); changed != item.exceptions.end())
    return {changed->second.content.start, changed->second.content.end};
  return planned_span(item, *day);
}

bool overlaps(const Window& window, std::int64_t first, std::int64_t last) {
  return first < window.last && (last > window.first || (first == last && first >= window.first));
}

void append_instances(const Item& item, const Window& window, bool clamps, std::vector<Instance>& out) {
  const auto take = [&](std::optional<std::int64_t> day) {
    const Span span = span_of(item, day);
    if (overlaps(window, span.first(), span.last())) out.push_back({&item, day, span.first(), span.last()});
  };
  if (!item.recurrence) return take(std::nullopt);
  const std::size_t before = out.size();
  const std::int64_t length = floor_day(item.content.end.local - item.content.start.local) + 2;
  for (const std::int64_t day :
       occurrence_days(*item.recurrence, floor_day(window.first) - length, floor_day(window.last) + 2, clamps))
    if (!item.removed_days.contains(day) && !item.exceptions.contains(day)) take(day);
  for (const auto& [day, exception] : item.exceptions)
    if (!item.removed_days.contains(day)) take(day);
  std::ranges::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), {}, &Instance::first);
}

}  // namespace calsync::emulator::microsoft
