// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_event.hpp"

#include "common/base/json_slices.hpp"
#include "common/calendar/timezone.hpp"
#include "common/calendar/unreadable.hpp"
#include "common/providers/microsoft/event_fields.hpp"
#include "common/providers/microsoft/graph_time.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"

namespace calsync::microsoft {
namespace {

using calendar::Event;
using calendar::EventChange;
using calendar::EventRemoved;
using calendar::EventTime;
using calendar::EventUnreadable;

constexpr std::string_view not_understood = "an event cannot be understood: ";

/// An item's bytes, and what they say.
struct Item {
  std::string raw;
  json::Document value;
};

std::variant<Item, EventUnreadable> open_item(std::string_view bytes) {
  Item item{json::without_nul_escapes(bytes), {}};
  const auto broken = [&](const std::string& why) {
    return calendar::broken_item(item.raw, std::string(not_understood) + why);
  };
  auto parsed = json::parse(item.raw);
  if (!parsed) return broken(parsed.error().message);
  if (json::has_absurd_number(item.raw)) return broken("a number in it is out of range");
  if (!parsed->IsObject()) return broken("it is not an object");
  item.value = *std::move(parsed);
  return item;
}

EventUnreadable unreadable(const Item& item, const Error& why) {
  std::string id = json::text_at(item.value, "id");
  if (id.empty()) id = calendar::made_up_id(item.raw);
  return {std::move(id), json::text_at(item.value, "iCalUId"), std::string(not_understood) + why.message, item.raw,
          version_of(item.value, item.raw)};
}

bool is_master(const json::Value& item) {
  return same_word(json::text_at(item, "type"), "seriesMaster") || json::object_at(item, "recurrence") != nullptr;
}

/// The day that begins at this instant. Nearest to it is the day before in zones that are more than twelve hours ahead,
/// New Zealand's summer among them.
std::chrono::year_month_day day_of(Time midnight, std::string_view zone) {
  const auto wall = zone.empty() ? std::nullopt : calendar::wall_time(midnight, std::string(zone));
  if (wall && *wall == std::chrono::floor<std::chrono::days>(*wall))
    return std::chrono::floor<std::chrono::days>(*wall);
  return nearest_date(midnight);
}

/// The occurrence that an instance is, or was before it was changed: originalStart, an instant also of all-day events.
std::optional<EventTime> slot_of(const json::Value& item, const Event& master, std::string_view zone, bool changed) {
  EventTime slot;
  if (master.is_all_day && !changed) {
    if (auto start = parse_all_day(item, "start")) return *std::move(start);
  }
  if (const auto original = parse_rfc3339(json::text_at(item, "originalStart"))) {
    if (master.is_all_day) {
      slot.date = day_of(*original, zone);
    } else {
      slot.instant = *original;
      slot.time_zone = master.time_zone;
    }
    return slot;
  }
  // Only what was not changed still stands where it belongs.
  if (changed) return std::nullopt;
  const auto start = master.is_all_day ? parse_all_day(item, "start") : parse_timed(item, "start", master.time_zone);
  return start ? std::optional(*start) : std::nullopt;
}

}  // namespace

DeltaItem parse_delta_item(std::string_view bytes) {
  auto opened = open_item(bytes);
  if (auto* broken = std::get_if<EventUnreadable>(&opened)) return EventChange(std::move(*broken));
  const Item& item = std::get<Item>(opened);
  const std::string id = json::text_at(item.value, "id");
  if (id.empty()) return EventChange(unreadable(item, fail(Failure::malformed, "it has no id")));
  if (json::member(item.value, "@removed")) return EventChange(EventRemoved{id});
  if (is_master(item.value)) return SeriesTouched{id};
  if (std::string series = json::text_at(item.value, "seriesMasterId"); !series.empty())
    return SeriesTouched{std::move(series)};
  Result<Event> event = read_event(item.value, item.raw);
  if (!event) return EventChange(unreadable(item, event.error()));
  // It may have been a series before.
  event->whole_series = true;
  return EventChange(*std::move(event));
}

std::variant<Master, EventUnreadable> parse_master(std::string_view bytes) {
  auto opened = open_item(bytes);
  if (auto* broken = std::get_if<EventUnreadable>(&opened)) return std::move(*broken);
  const Item& item = std::get<Item>(opened);
  if (json::text_at(item.value, "id").empty()) return unreadable(item, fail(Failure::malformed, "it has no id"));
  const json::Value* recurrence = json::object_at(item.value, "recurrence");
  if (!recurrence) return unreadable(item, fail(Failure::malformed, "it is a series without a recurrence"));
  Result<Event> event = read_event(item.value, item.raw);
  if (!event) return unreadable(item, event.error());
  Result<Recurrence> rule = parse_recurrence(*recurrence);
  if (!rule) return unreadable(item, rule.error());
  event->recurrence = {rrule_line(*rule, event->start)};
  event->whole_series = true;
  return Master{*std::move(event), *std::move(rule)};
}

Instance parse_instance(std::string_view bytes, const Event& master, std::string_view zone) {
  auto opened = open_item(bytes);
  if (auto* broken = std::get_if<EventUnreadable>(&opened)) return {std::nullopt, EventChange(std::move(*broken))};
  const Item& item = std::get<Item>(opened);
  const bool changed = !same_word(json::text_at(item.value, "type"), "occurrence");
  Instance out{slot_of(item.value, master, zone, changed), std::nullopt};
  if (!changed) return out;
  if (json::text_at(item.value, "id").empty()) {
    out.exception = unreadable(item, fail(Failure::malformed, "it has no id"));
    return out;
  }
  Result<Event> event = read_event(item.value, item.raw);
  if (!event) {
    out.exception = unreadable(item, event.error());
    return out;
  }
  // Nobody knows which occurrence it replaces: it stands alone.
  if (out.slot) {
    event->recurring_event_id = master.external_event_id;
    event->original_start = *out.slot;
  }
  out.exception = *std::move(event);
  return out;
}

}  // namespace calsync::microsoft
