// SPDX-License-Identifier: Apache-2.0
// events.get, events.instances and freeBusy.query.
#include <fmt/format.h>

#include <algorithm>

#include "api_call.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "event_lookup.hpp"
#include "event_rows.hpp"
#include "list_token.hpp"
#include "recurrence.hpp"

namespace calsync::emulator {

Response get_event(ApiCall& call) {
  const CalendarListEntry& entry = accessible_entry(call);
  const EventTarget target = find_target(*entry.calendar, call.event_id);
  const EventView view = view_of(call, entry);
  std::string body;
  if (target.virtual_instance) {
    append_instance(body, *entry.calendar, *target.event, target.seconds, view);
  } else if (target.event->cancelled() && target.event->start.kind == EventTime::Kind::none) {
    append_tombstone(body, *target.event, view.zone);
  } else {
    append_event(body, *entry.calendar, *target.event, view);
  }
  return resource_response(call.request, std::move(body), target.event->quoted_etag());
}

namespace {

std::vector<EventRow> instance_rows(const Calendar& calendar, const Event& master, const RowFilter& filter) {
  std::vector<EventRow> rows;
  append_rows(calendar, master, filter, rows);
  for (const Event* exception : calendar.exceptions_of(master.id)) append_rows(calendar, *exception, filter, rows);
  std::ranges::stable_sort(rows, {}, [](const EventRow& row) {
    return row.event->is_exception() ? row.event->original.seconds : row.seconds;
  });
  return rows;
}

}  // namespace

Response list_instances(ApiCall& call) {
  const CalendarListEntry& entry = accessible_entry(call);
  const Calendar& calendar = *entry.calendar;
  const Event* master = calendar.find(call.event_id);
  if (!master || master->hidden) throw not_found();
  const EventView view = view_of(call, entry);
  RowFilter filter;
  filter.single_events = true;
  filter.show_deleted = bool_parameter(call.request, "showDeleted", false);
  filter.horizon = now_ms() / 1000 + call.provider.settings.horizon_days * 86400;
  if (const auto time = time_parameter(call.request, "timeMin")) filter.time_min = *time / 1000;
  if (const auto time = time_parameter(call.request, "timeMax")) filter.time_max = *time / 1000;
  if (filter.time_min && filter.time_max && *filter.time_max <= *filter.time_min) throw time_range_empty();
  const std::size_t size = static_cast<std::size_t>(
      std::min<std::int64_t>(int_parameter(call.request, "maxResults", 250, 1, INT32_MAX), 2500));

  std::vector<EventRow> rows = instance_rows(calendar, *master, filter);
  if (const std::string* original = call.request.query.find("originalStart"))
    std::erase_if(rows, [&](const EventRow& row) {
      const EventTime start = row.event->is_exception() ? row.event->original : master->start.moved_to(row.seconds);
      std::string text;
      if (start.is_date()) append_date(text, start.seconds);
      const auto parsed = parse_rfc3339(*original);
      return start.is_date() ? text != *original
                             : !parsed || parsed->local_seconds - parsed->utc_offset.value_or(0) != start.seconds;
    });

  ListToken token;
  token.is_page = true;
  token.owner = fnv1a(master->id, fnv1a(calendar.id, fnv1a(call.account.sub)));
  token.epoch = master->etag;
  if (const std::string_view text = call.request.query.get("pageToken"); !text.empty()) {
    const auto page = decode_token(text);
    if (!page || !page->is_page || page->owner != token.owner)
      throw ApiError{400, "global", "invalid", "Invalid page token value.", "parameter", "pageToken"};
    token = *page;
  }
  std::string items;
  std::size_t i = token.major;
  for (; i < rows.size() && i < token.major + size; ++i) {
    if (!items.empty()) items += ',';
    append_row(items, calendar, rows[i], filter, view);
  }
  const std::string etag = fmt::format("\"p{}\"", calendar.etag);
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#events")");
    object.text("etag", etag);
    object.text("summary", calendar.summary);
    object.text("description", calendar.description);
    object.text("updated", rfc3339_ms(calendar.updated_ms));
    object.text("timeZone", view.zone->name());
    object.text("accessRole", role_name(entry.role));
    object.raw("defaultReminders", calendar.primary ? R"([{"method":"popup","minutes":10}])" : "[]");
    if (i < rows.size()) {
      token.major = i;
      ++token.page;
      object.text("nextPageToken", encode_token(token));
    }
    object.raw("items", "[" + items + "]");
  }
  return resource_response(call.request, std::move(body), etag);
}

namespace {

// Transparent, cancelled and declined events are not busy.
bool is_busy(const Event& event) {
  if (event.transparent || event.cancelled() || event.working_location) return false;
  if (event.body.find("\"declined\"") == event.body.npos) return true;
  Json body;
  if (!parse_json("{" + event.body + "}", body)) return true;
  const JsonValue* attendees = member(body, "attendees");
  if (!attendees || !attendees->IsArray()) return true;
  return std::ranges::none_of(attendees->GetArray(), [](const JsonValue& person) {
    return bool_member(person, "self", false) && string_member(person, "responseStatus") == "declined";
  });
}

std::string busy_times(const Calendar& calendar, std::int64_t from, std::int64_t to, const Zone* zone) {
  RowFilter filter;
  filter.single_events = true;
  filter.time_min = from;
  filter.time_max = to;
  std::vector<EventRow> rows;
  for (const auto& event : calendar.events()) append_rows(calendar, *event, filter, rows);
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  for (const EventRow& row : rows) {
    if (!is_busy(*row.event)) continue;
    const EventTime start = row.event->start.moved_to(row.seconds);
    const EventTime end = row.event->end.moved_to(row.seconds + row.event->duration());
    spans.emplace_back(std::max(from, start.instant(calendar.zone)), std::min(to, end.instant(calendar.zone)));
  }
  std::ranges::sort(spans);
  std::vector<std::pair<std::int64_t, std::int64_t>> merged;
  for (const auto& span : spans) {
    if (span.first >= span.second) continue;
    if (!merged.empty() && span.first <= merged.back().second)
      merged.back().second = std::max(merged.back().second, span.second);
    else
      merged.push_back(span);
  }
  std::string out = "[";
  for (const auto& [start, end] : merged) {
    if (out.size() > 1) out += ',';
    out += R"({"start":")";
    append_rfc3339(out, start, zone->offset_at(start));
    out += R"(","end":")";
    append_rfc3339(out, end, zone->offset_at(end));
    out += "\"}";
  }
  return out += ']';
}

std::int64_t required_time(const Json& body, std::string_view name) {
  const std::string_view text = string_member(body, name);
  if (text.empty()) throw missing_field(fmt::format("Missing {} parameter.", name));
  const auto parsed = parse_rfc3339(text);
  if (!parsed) throw ApiError{400, "global", "badRequest", "Bad Request"};
  return parsed->local_seconds - parsed->utc_offset.value_or(0);
}

}  // namespace

Response query_free_busy(ApiCall& call) {
  const Json request = body_of(call.request);
  const std::int64_t from = required_time(request, "timeMin"), to = required_time(request, "timeMax");
  if (to <= from) throw time_range_empty();
  const Zone* zone = utc_zone();
  if (const std::string_view name = string_member(request, "timeZone"); !name.empty()) zone = find_zone(name);
  if (!zone) throw invalid_value("Invalid time zone.");
  std::string calendars;
  {
    ObjectWriter rows(calendars);
    const JsonValue* items = member(request, "items");
    const std::size_t most = static_cast<std::size_t>(
        std::clamp<std::int64_t>(int_member(request, "calendarExpansionMax").value_or(50), 1, 50));
    std::size_t asked = 0;
    for (std::size_t i = 0; items && items->IsArray() && i < items->Size(); ++i) {
      const std::string_view id = string_member((*items)[static_cast<rapidjson::SizeType>(i)], "id");
      std::string key;
      append_quoted(key, id);
      std::string& out = rows.key(std::string_view(key).substr(1, key.size() - 2));
      const CalendarListEntry* entry = call.account.entry(id);
      if (++asked > most) {
        out += R"({"errors":[{"domain":"calendar","reason":"tooManyCalendarsRequested"}],"busy":[]})";
      } else if (!entry || entry->deleted) {
        out += R"({"errors":[{"domain":"global","reason":"notFound"}],"busy":[]})";
      } else {
        out += R"({"busy":)" + busy_times(*entry->calendar, from, to, zone) + "}";
      }
    }
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#freeBusy")");
    object.text("timeMin", rfc3339_ms(from * 1000));
    object.text("timeMax", rfc3339_ms(to * 1000));
    object.raw("calendars", calendars);
    object.raw("groups", "{}");
  }
  return json_response(200, std::move(body));
}

}  // namespace calsync::emulator
