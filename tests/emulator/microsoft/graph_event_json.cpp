// SPDX-License-Identifier: Apache-2.0
#include "graph_event_json.hpp"

#include <fmt/format.h>

#include "graph_body_text.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t preview_length = 255;

void append_moment(std::string& out, const Moment& moment, bool all_day, const Preferences& preferences) {
  // All-day events keep their dates, whatever zone was asked for.
  const std::int64_t utc = moment.utc();
  const std::int64_t local = all_day ? moment.local : utc + preferences.zone->offset_at(utc);
  std::string text;
  append_rfc3339(text, local, 0);
  text.pop_back();
  ObjectWriter object(out);
  object.text("dateTime", text + ".0000000");
  object.text("timeZone", preferences.zone_name);
}

void append_address(std::string& out, std::string_view name, std::string_view address) {
  ObjectWriter person(out);
  ObjectWriter mail(person.key("emailAddress"));
  mail.text("name", name.empty() ? address : name);
  mail.text("address", address);
}

void append_body(ObjectWriter& object, const Content& content, const EventView& view) {
  const std::string text = content.body_type == "html" ? text_of_html(content.body) : content.body;
  std::string preview = text.substr(0, preview_length);
  while (!valid_utf8(preview)) preview.pop_back();
  object.text("bodyPreview", preview);
  ObjectWriter body(object.key("body"));
  body.text("contentType", view.preferences.text_bodies ? "text" : "html");
  body.text("content", view.preferences.text_bodies  ? text
                       : content.body_type == "html" ? content.body
                                                     : html_of_text(content.body));
}

void append_online(ObjectWriter& object, const Content& content) {
  object.raw("onlineMeetingUrl", "null");
  object.boolean("isOnlineMeeting", content.online);
  object.text("onlineMeetingProvider", content.online_provider);
  if (content.join_url.empty()) {
    object.raw("onlineMeeting", "null");
  } else {
    ObjectWriter meeting(object.key("onlineMeeting"));
    meeting.text("joinUrl", content.join_url);
  }
}

void append_extras(ObjectWriter& object, const Content& content, const Expansion& expansion) {
  if (!expansion.property_id.empty()) {
    const auto found = content.properties.find(expansion.property_id);
    if (found != content.properties.end()) {
      std::string row;
      {
        ObjectWriter property(row);
        property.text("id", found->first);
        property.text("value", found->second);
      }
      object.raw("singleValueExtendedProperties", "[" + row + "]");
    }
  }
  if (!expansion.extensions) return;
  std::string rows;
  for (const auto& [name, members] : content.extensions) {
    if (!expansion.extension_id.empty() && expansion.extension_id != name) continue;
    if (!rows.empty()) rows += ',';
    ObjectWriter row(rows);
    row.text("@odata.type", "#microsoft.graph.openTypeExtension");
    row.text("id", "Microsoft.OutlookServices.OpenTypeExtension." + name);
    row.text("extensionName", name);
    row.members(members);
  }
  object.raw("extensions", "[" + rows + "]");
}

void append_series(ObjectWriter& object, const EventView& view, const Item& item) {
  if (view.names_removed) {
    std::string rows;
    for (const std::int64_t day : item.removed_days) {
      if (!rows.empty()) rows += ',';
      std::string date;
      append_date(date, day * 86400);
      append_quoted(rows, "OID." + item_id(*item.folder, item, view.preferences.immutable_ids) + "." + date);
    }
    object.raw("cancelledOccurrences", "[" + rows + "]");
  }
  if (!view.expansion || !view.expansion->exceptions) return;
  std::string rows;
  EventView plain = view;
  plain.expansion = nullptr;
  plain.names_removed = false;
  for (const auto& [day, exception] : item.exceptions) {
    if (!rows.empty()) rows += ',';
    append_event(rows, plain, item, day);
  }
  object.raw("exceptionOccurrences", "[" + rows + "]");
}

}  // namespace

EventView view_of(const GraphCall& call, const SelectOptions* select) {
  EventView view{call.preferences, call.switches()};
  view.clamps = call.clamps();
  if (select) {
    view.expansion = &select->expansion;
    view.names_removed = select->selects("cancelledOccurrences");
  }
  return view;
}

std::string graph_instant(std::int64_t milliseconds) {
  std::string text = rfc3339_ms(milliseconds);
  text.pop_back();
  return text + "0000Z";
}

std::string etag_of(const Item& item, std::optional<std::int64_t> day) {
  std::uint64_t key = item.change_key;
  if (day)
    if (const auto changed = item.exceptions.find(*day); changed != item.exceptions.end())
      key = changed->second.change_key;
  return "W/\"" + change_key_text(item.folder->mailbox, key) + "\"";
}

std::string original_start(const Item& item, std::int64_t day) {
  std::string text;
  append_rfc3339(text, planned_span(item, day).first(), 0);
  return text;
}

void append_event(std::string& out, const EventView& view, const Item& item, std::optional<std::int64_t> day,
                  std::string_view context) {
  const auto changed = day ? item.exceptions.find(*day) : item.exceptions.end();
  const bool exception = changed != item.exceptions.end();
  const Content& content = exception ? changed->second.content : item.content;
  const Span span = span_of(item, day);
  const bool immutable = view.preferences.immutable_ids;
  const Mailbox& owner = item.folder->mailbox;
  const std::string id = item_id(*item.folder, item, immutable, day), etag = etag_of(item, day);
  ObjectWriter object(out);
  object.text_unless_empty("@odata.context", context);
  if (view.typed) object.text("@odata.type", "#microsoft.graph.event");
  object.text("@odata.etag", etag);
  object.text("id", id);
  object.text("createdDateTime", graph_instant(exception ? changed->second.created_ms : item.created_ms));
  object.text("lastModifiedDateTime", graph_instant(exception ? changed->second.modified_ms : item.modified_ms));
  object.text("changeKey", etag.substr(3, etag.size() - 4));
  object.raw("categories", content.categories);
  object.text_unless_empty("transactionId", item.transaction_id);
  object.text("originalStartTimeZone", windows_name(span.start.zone));
  object.text("originalEndTimeZone", windows_name(span.end.zone));
  object.text("iCalUId", ical_uid_of(item, day));
  if (view.switches.graph_event_uid) object.text("uid", ical_uid_of(item, std::nullopt));
  object.number("reminderMinutesBeforeStart", content.reminder_minutes);
  object.boolean("isReminderOn", content.reminder_on);
  object.boolean("hasAttachments", false);
  object.text("subject", content.subject);
  append_body(object, content, view);
  object.text("importance", content.importance);
  object.text("sensitivity", content.sensitivity);
  object.boolean("isAllDay", content.all_day);
  object.boolean("isCancelled", content.cancelled);
  object.boolean("isOrganizer", content.organized_here);
  object.boolean("responseRequested", content.response_requested);
  if (day)
    object.text("seriesMasterId", item_id(*item.folder, item, immutable));
  else
    object.raw("seriesMasterId", "null");
  object.text("showAs", content.show_as);
  object.text("type", exception          ? "exception"
                      : day              ? "occurrence"
                      : item.is_series() ? "seriesMaster"
                                         : "singleInstance");
  object.text("webLink",
              "https://outlook.office365.com/owa/?itemid=" + percent_encode(id) + "&exvsurl=1&path=/calendar/item");
  append_online(object, content);
  object.boolean("allowNewTimeProposals", content.allows_proposals);
  object.boolean("isDraft", content.draft);
  object.boolean("hideAttendees", content.hides_attendees);
  if (day) object.text("originalStart", original_start(item, *day));
  {
    ObjectWriter status(object.key("responseStatus"));
    status.text("response", content.response);
    status.text("time", content.response_ms == 0 ? "0001-01-01T00:00:00Z" : graph_instant(content.response_ms));
  }
  append_moment(object.key("start"), span.start, content.all_day, view.preferences);
  append_moment(object.key("end"), span.end, content.all_day, view.preferences);
  object.raw(
      "location",
      content.location.empty()
          ? R"({"displayName":"","locationType":"default","uniqueIdType":"unknown","address":{},"coordinates":{}})"
          : content.location);
  object.raw("locations", content.locations);
  object.raw("recurrence", item.is_series() && !day ? recurrence_json(*item.recurrence) : "null");
  object.raw("attendees", content.attendees);
  append_address(object.key("organizer"), content.organizer_name.empty() ? owner.name : content.organizer_name,
                 content.organizer_address.empty() ? owner.email : content.organizer_address);
  if (view.expansion) append_extras(object, content, *view.expansion);
  if (item.is_series() && !day) append_series(object, view, item);
}

void append_stub(std::string& out, const EventView& view, const Item& item, std::int64_t day) {
  const Span span = span_of(item, day);
  const bool immutable = view.preferences.immutable_ids;
  ObjectWriter object(out);
  object.text("@odata.type", "#microsoft.graph.event");
  object.text("@odata.etag", etag_of(item, day));
  object.text("id", item_id(*item.folder, item, immutable, day));
  object.text("seriesMasterId", item_id(*item.folder, item, immutable));
  object.text("type", "occurrence");
  append_moment(object.key("start"), span.start, item.content.all_day, view.preferences);
  append_moment(object.key("end"), span.end, item.content.all_day, view.preferences);
}

void append_removed(std::string& out, std::string_view id, std::string_view reason) {
  ObjectWriter object(out);
  object.text("@odata.type", "#microsoft.graph.event");
  object.text("id", id);
  ObjectWriter removed(object.key("@removed"));
  removed.text("reason", reason);
}

// Own events have an MS-OXOCAL GlobalObjectId, those of other programs their UID. An occurrence has its day in it
// ([MS-OXOCAL] section 2.2.1.27).
std::string ical_uid_of(const Item& item, std::optional<std::int64_t> day) {
  const bool own = item.ical_uid.starts_with("040000008200E00074C5B7101A82E008");
  if (!day) return item.ical_uid;
  const CivilTime civil = civil_from_seconds(*day * 86400);
  const std::string date = fmt::format("{:04X}{:02X}{:02X}", civil.year, civil.month, civil.day);
  if (own && item.ical_uid.size() > 40) return item.ical_uid.substr(0, 32) + date + item.ical_uid.substr(40);
  std::string data("vCal-Uid\x01\0\0\0", 12);
  data += item.ical_uid;
  data += '\0';
  const auto size = static_cast<unsigned>(data.size());
  return fmt::format("040000008200E00074C5B7101A82E008{}{:032X}{:02X}{:02X}0000{}", date, 0, size & 255,
                     size >> 8 & 255, upper(hex(data)));
}

}  // namespace calsync::emulator::microsoft
