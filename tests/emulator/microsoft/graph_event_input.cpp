// SPDX-License-Identifier: Apache-2.0
#include "graph_event_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "graph_event_parts.hpp"
#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t longest_transaction_id = 255;

GraphError invalid(std::string message) { return bad_request("ErrorInvalidRequest", std::move(message)); }

void read_text(const JsonValue& body, std::string_view name, std::string& out) {
  const JsonValue* value = member(body, name);
  if (!value) return;
  if (value->IsNull())
    out.clear();
  else if (value->IsString())
    out.assign(value->GetString(), value->GetStringLength());
  else
    throw invalid(fmt::format("The value of {} must be a text.", name));
}

void read_flag(const JsonValue& body, std::string_view name, bool& out) {
  const JsonValue* value = member(body, name);
  if (!value || value->IsNull()) return;
  if (!value->IsBool()) throw invalid(fmt::format("The value of {} must be true or false.", name));
  out = value->GetBool();
}

template <std::size_t n>
void read_choice(const JsonValue& body, std::string_view name, const std::array<std::string_view, n>& choices,
                 std::string& out) {
  const JsonValue* value = member(body, name);
  if (!value || value->IsNull()) return;
  const std::string_view text = value->IsString() ? value->GetString() : "";
  const auto found =
      std::ranges::find_if(choices, [&](std::string_view choice) { return equal_ignoring_case(choice, text); });
  if (found == choices.end())
    throw bad_request("RequestBodyRead", fmt::format("Requested value '{}' of {} was not found.", text, name));
  out = *found;
}

bool read_moment(const JsonValue& body, std::string_view name, const Switches& switches, Moment& out) {
  const JsonValue* value = member(body, name);
  if (!value) return false;
  const auto parsed = parse_rfc3339(string_member(*value, "dateTime"));
  const auto date = parse_date(string_member(*value, "dateTime"));
  if (!parsed && !date)
    throw bad_request("ErrorPropertyValidationFailure", fmt::format("The value of {} is no time.", name));
  const std::string_view zone_name = string_member(*value, "timeZone");
  const Zone* zone = zone_name.empty() ? utc_zone() : outlook_zone(zone_name, switches.graph_iana_zones);
  if (!zone) throw unsupported_zone(zone_name);
  out.zone = zone;
  out.local = parsed ? parsed->local_seconds : *date;
  // A value with an offset names an instant, which is shown in the zone.
  if (parsed && parsed->utc_offset) {
    const std::int64_t utc = parsed->local_seconds - *parsed->utc_offset;
    out.local = utc + zone->offset_at(utc);
  }
  return true;
}

void read_body(const JsonValue& body, Content& content) {
  const JsonValue* value = member(body, "body");
  if (!value || !value->IsObject()) return;
  content.body_type = equal_ignoring_case(string_member(*value, "contentType", "text"), "html") ? "html" : "text";
  content.body = string_member(*value, "content");
}

void read_meeting(const JsonValue& body, Content& content, const Mailbox& owner) {
  const bool was_online = content.online;
  read_flag(body, "isOnlineMeeting", content.online);
  if (was_online) content.online = true;  // cannot be switched off
  if (!content.online || was_online) return;
  content.online_provider =
      string_member(body, "onlineMeetingProvider", owner.personal ? "unknown" : "teamsForBusiness");
  content.join_url = "https://teams.microsoft.com/l/meetup-join/" + random_guid();
}

// The dates of a range may be meant in another zone than the event's; they are kept in the event's.
void read_range_zone(Recurrence& rule, const Moment& start, const Switches& switches) {
  if (rule.zone_name.empty()) {
    rule.zone_name = windows_name(start.zone);
    return;
  }
  const Zone* zone = outlook_zone(rule.zone_name, switches.graph_iana_zones);
  if (!zone) throw unsupported_zone(rule.zone_name);
  const std::int64_t utc = start.utc();
  const std::int64_t day = Moment{utc + zone->offset_at(utc), zone}.day();
  if (rule.start_day != day || day == start.day()) return;
  rule.end_day += start.day() - day;
  rule.start_day = start.day();
  rule.zone_name = windows_name(start.zone);
}

void check_times(const Content& content) {
  if (content.start.utc() > content.end.utc())
    throw bad_request("ErrorPropertyValidationFailure", "The end of the event is before its start.");
  if (!content.all_day) return;
  for (const auto& [name, moment] : {std::pair{"Start", content.start}, {"End", content.end}})
    if (moment.local % 86400 != 0)
      throw invalid(fmt::format("The Event.{} property for an all-day event needs to be set to midnight.", name));
  if (content.start.zone != content.end.zone)
    throw invalid("The start and the end of an all-day event must be in one time zone.");
  if (content.end.local <= content.start.local)
    throw invalid("The duration of an all-day event must be a day at least.");
}

}  // namespace

EventInput read_event(const JsonValue& body, const Content& known, const std::optional<Recurrence>& series,
                      const Switches& switches, const Mailbox& owner) {
  EventInput input{known, series, false, false, {}};
  Content& content = input.content;
  read_text(body, "subject", content.subject);
  read_body(body, content);
  const bool starts = read_moment(body, "start", switches, content.start);
  const bool ends = read_moment(body, "end", switches, content.end);
  const bool was_all_day = content.all_day;
  read_flag(body, "isAllDay", content.all_day);
  input.moves = starts || ends || content.all_day != was_all_day;
  read_choice(body, "showAs",
              std::array<std::string_view, 6>{"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
              content.show_as);
  read_choice(body, "sensitivity", std::array<std::string_view, 4>{"normal", "personal", "private", "confidential"},
              content.sensitivity);
  read_choice(body, "importance", std::array<std::string_view, 3>{"low", "normal", "high"}, content.importance);
  read_places(body, content);
  read_attendees(body, content);
  read_extras(body, content);
  read_meeting(body, content, owner);
  if (const JsonValue* list = member(body, "categories"); list && list->IsArray())
    content.categories = json_text(*list);
  read_flag(body, "isReminderOn", content.reminder_on);
  read_flag(body, "responseRequested", content.response_requested);
  read_flag(body, "allowNewTimeProposals", content.allows_proposals);
  read_flag(body, "hideAttendees", content.hides_attendees);
  if (const auto minutes = int_member(body, "reminderMinutesBeforeStart")) content.reminder_minutes = *minutes;
  read_text(body, "transactionId", input.transaction_id);
  if (input.transaction_id.size() > longest_transaction_id) throw invalid("The transactionId is too long.");
  check_times(content);
  if (const JsonValue* value = member(body, "recurrence")) {
    input.moves = true;
    input.removes_recurrence = value->IsNull();
    input.recurrence.reset();
    if (!value->IsNull()) {
      Recurrence rule;
      if (const std::string fault = read_recurrence(*value, rule); !fault.empty())
        throw bad_request("ErrorInvalidRequest", fault);
      read_range_zone(rule, content.start, switches);
      input.recurrence = rule;
    }
  }
  if (input.recurrence && input.moves) {
    // The range begins with the event; a series whose start is no day of its pattern begins with the first that is.
    Recurrence& rule = *input.recurrence;
    if (starts && !member(body, "recurrence")) rule.start_day = content.start.day();
    if (rule.start_day != content.start.day())
      throw bad_request("ErrorPropertyValidationFailure", "The recurrence range must start on the day of the event.");
    const auto first =
        occurrence_days(rule, rule.start_day, rule.start_day + 36600, switches.graph_month_end != "skip", 1);
    if (first.empty()) throw bad_request("ErrorInvalidRequest", "The recurrence has no occurrence.");
    const std::int64_t shift = (first.front() - rule.start_day) * 86400;
    rule.start_day = first.front();
    content.start.local += shift;
    content.end.local += shift;
  }
  return input;
}

}  // namespace calsync::emulator::microsoft
