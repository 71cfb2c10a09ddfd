// SPDX-License-Identifier: Apache-2.0
// calendar: getSchedule
#include <fmt/format.h>

#include <algorithm>

#include "graph_event_json.hpp"
#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

std::int64_t instant_in(const JsonValue& body, std::string_view name, const Switches& switches) {
  const JsonValue* value = member(body, name);
  const auto parsed = value ? parse_rfc3339(string_member(*value, "dateTime")) : std::nullopt;
  const Zone* zone =
      value ? outlook_zone(string_member(*value, "timeZone", "UTC"), switches.graph_iana_zones) : nullptr;
  if (!parsed || !zone) throw bad_request("ErrorInvalidParameter", fmt::format("The value of {} is no time.", name));
  return parsed->utc_offset ? parsed->local_seconds - *parsed->utc_offset : zone->to_utc(parsed->local_seconds);
}

char digit_of(std::string_view show_as) {
  if (show_as == "tentative") return '1';
  if (show_as == "oof") return '3';
  if (show_as == "workingElsewhere") return '4';
  return show_as == "free" ? '0' : '2';
}

// Here, unlike in reads of events, all-day events are instants.
void append_utc(ObjectWriter& object, std::string_view name, std::int64_t seconds) {
  std::string text;
  append_rfc3339(text, seconds, 0);
  text.pop_back();
  ObjectWriter moment(object.key(name));
  moment.text("dateTime", text + ".0000000");
  moment.text("timeZone", "UTC");
}

void append_schedule(std::string& out, const GraphCall& call, std::string_view address, const Window& window,
                     std::int64_t step) {
  ObjectWriter object(out);
  object.text("scheduleId", address);
  const Mailbox* user = call.world().find(address);
  if (!user || !user->enabled) {
    ObjectWriter error(object.key("error"));
    error.text("message", "The e-mail address cannot be resolved.");
    error.text("responseCode", "ErrorMailRecipientNotFound");
    return;
  }
  std::vector<Instance> instances;
  for (const Item* item : user->default_folder()->living()) append_instances(*item, window, call.clamps(), instances);
  std::ranges::stable_sort(instances, {}, &Instance::first);
  std::string view(static_cast<std::size_t>((window.last - window.first + step - 1) / step), '0');
  std::string rows;
  for (const Instance& instance : instances) {
    const auto changed = instance.day ? instance.item->exceptions.find(*instance.day) : instance.item->exceptions.end();
    const Content& content =
        changed == instance.item->exceptions.end() ? instance.item->content : changed->second.content;
    for (std::size_t i = 0; i < view.size(); ++i) {
      const std::int64_t first = window.first + static_cast<std::int64_t>(i) * step;
      if (instance.first < first + step && instance.last > first)
        view[i] = std::max(view[i], digit_of(content.show_as));
    }
    if (!rows.empty()) rows += ',';
    ObjectWriter row(rows);
    row.boolean("isPrivate", content.sensitivity == "private");
    row.text("status", content.show_as);
    row.text("subject", content.subject);
    append_utc(row, "start", instance.first);
    append_utc(row, "end", instance.last);
  }
  object.text("availabilityView", view);
  object.raw("scheduleItems", "[" + rows + "]");
}

}  // namespace

Response get_schedule(GraphCall& call) {
  listing_of(call);
  if (call.user.personal)
    throw GraphError{404, "MailboxNotEnabledForRESTAPI", "The operation is not supported for personal accounts."};
  const Json body = graph_body(call.request);
  const JsonValue* schedules = member(body, "schedules");
  if (!schedules || !schedules->IsArray()) throw bad_request("ErrorInvalidParameter", "The schedules are missing.");
  const Window window{instant_in(body, "startTime", call.switches()), instant_in(body, "endTime", call.switches())};
  const std::int64_t minutes = int_member(body, "availabilityViewInterval").value_or(30);
  if (minutes < 5 || minutes > 1440 || window.last <= window.first || window.last - window.first > 62 * 86400)
    throw bad_request("ErrorInvalidParameter", "The interval or the time window is not valid.");
  std::string values;
  for (const JsonValue& each : schedules->GetArray()) {
    if (!each.IsString()) continue;
    if (!values.empty()) values += ',';
    append_schedule(values, call, each.GetString(), window, minutes * 60);
  }
  return graph_json(200, collection_json(call, "microsoft.graph.scheduleInformation", values));
}

}  // namespace calsync::emulator::microsoft
