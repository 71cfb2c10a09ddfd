// SPDX-License-Identifier: Apache-2.0
// /control/microsoft/events and state
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "graph_control.hpp"
#include "graph_event_input.hpp"
#include "graph_event_json.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {
namespace {

struct Named {
  Item* item = nullptr;
  std::optional<std::int64_t> day;
};

// "event_id" of either kind, and "day" (2026-03-09) for an occurrence.
Named named_item(const ControlCall& call) {
  const auto ref = read_item_id(call.required("event_id"));
  Mailbox& owner = listing_of(call).folder->mailbox;
  Item* item = ref ? owner.find(ref->key) : nullptr;
  if (!item || !ref->of(owner)) throw control_fault(404, "no such event");
  Named found{item, ref->day};
  if (const std::string_view day = call.text("day"); !day.empty()) {
    const auto seconds = parse_date(day);
    if (!seconds || !item->is_series()) throw control_fault(400, "no such occurrence");
    found.day = *seconds / 86400;
  }
  return found;
}

Response item_answer(const ControlCall& call, const Item& item, std::optional<std::int64_t> day) {
  const Preferences usual;
  Preferences immutable;
  immutable.immutable_ids = true;
  std::string body;
  {
    ObjectWriter object(body);
    object.text("id", item_id(*item.folder, item, false, day));
    object.text("immutable_id", item_id(*item.folder, item, true, day));
    append_event(object.key("event"), EventView{usual, call.provider.settings.microsoft}, item, day);
  }
  return json_response(200, std::move(body));
}

const JsonValue& event_in(const ControlCall& call) {
  const JsonValue* event = member(call.body, "event");
  if (!event || !event->IsObject()) throw control_fault(400, "missing: event");
  return *event;
}

// What clients may not set.
void read_more(const JsonValue& event, Content& content) {
  content.cancelled = bool_member(event, "isCancelled", content.cancelled);
  content.draft = bool_member(event, "isDraft", content.draft);
  content.organized_here = bool_member(event, "isOrganizer", content.organized_here);
  if (const JsonValue* organizer = member(event, "organizer"); organizer && organizer->IsObject())
    if (const JsonValue* mail = member(*organizer, "emailAddress")) {
      content.organizer_address = string_member(*mail, "address");
      content.organizer_name = string_member(*mail, "name", content.organizer_address);
    }
  if (const JsonValue* status = member(event, "responseStatus"); status && status->IsObject()) {
    content.response = string_member(*status, "response", "none");
    content.response_ms = content.response == "none" ? 0 : now_ms();
  } else if (!content.organized_here && content.response == "organizer") {
    content.response = "notResponded";
  }
}

Response create(ControlCall& call) {
  Folder& folder = *listing_of(call).folder;
  const JsonValue& event = event_in(call);
  EventInput input = read_event(event, Content(), std::nullopt, call.provider.settings.microsoft, folder.mailbox);
  read_more(event, input.content);
  auto item = std::make_unique<Item>();
  item->content = std::move(input.content);
  item->recurrence = input.recurrence;
  item->transaction_id = input.transaction_id;
  item->key = random_bytes(8);
  item->ical_uid = string_member(event, "iCalUId");
  if (item->ical_uid.empty()) item->ical_uid = "emulated-" + hex(item->key);
  return item_answer(call, folder.mailbox.add(std::move(item), folder), std::nullopt);
}

Response patch(ControlCall& call) {
  const Named named = named_item(call);
  Item& item = *named.item;
  const JsonValue& event = event_in(call);
  const Switches& switches = call.provider.settings.microsoft;
  if (named.day) {
    const auto changed = item.exceptions.find(*named.day);
    Content known = changed == item.exceptions.end() ? item.content : changed->second.content;
    const Span span = span_of(item, named.day);
    known.start = span.start;
    known.end = span.end;
    Content content = read_event(event, known, std::nullopt, switches, item.folder->mailbox).content;
    read_more(event, content);
    Exception& exception = item.exceptions[*named.day];
    if (exception.created_ms == 0) exception.created_ms = item.created_ms;
    exception.content = std::move(content);
    exception.modified_ms = now_ms();
    exception.change_key = next_etag();
  } else {
    EventInput input = read_event(event, item.content, item.recurrence, switches, item.folder->mailbox);
    read_more(event, input.content);
    const bool retimed = item.is_series() && (!input.recurrence || !input.recurrence->same_days(*item.recurrence) ||
                                              !(input.content.start == item.content.start));
    item.content = std::move(input.content);
    item.recurrence = input.recurrence;
    if (retimed && switches.graph_retimed_exceptions == "drop") {
      item.exceptions.clear();
      item.removed_days.clear();
    }
  }
  item.folder->mailbox.touch(item);
  return item_answer(call, item, named.day);
}

Response remove(ControlCall& call) {
  const Named named = named_item(call);
  Item& item = *named.item;
  if (named.day) {
    item.exceptions.erase(*named.day);
    item.removed_days.insert(*named.day);
    item.folder->mailbox.touch(item);
  } else {
    item.folder->mailbox.remove(item);
  }
  return json_response(200, "{}");
}

// Within the mailbox: the usual id changes, the immutable one does not.
Response move(ControlCall& call) {
  Item& item = *named_item(call).item;
  const Listing* to = item.folder->mailbox.listing(call.required("destination"));
  if (!to || &to->folder->mailbox != &item.folder->mailbox) throw control_fault(404, "no calendar of this mailbox");
  item.folder->mailbox.move(item, *to->folder);
  return item_answer(call, item, std::nullopt);
}

// N random changes, the same for the same seed and state.
Response burst(ControlCall& call) {
  Folder& folder = *listing_of(call).folder;
  const std::int64_t count = int_member(call.body, "count").value_or(10);
  std::mt19937_64 random(static_cast<std::uint64_t>(int_member(call.body, "seed").value_or(1)));
  std::int64_t added = 0, edited = 0, removed = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::vector<Item*> living = folder.living();
    const std::uint64_t dice = random() % 10;
    if (living.empty() || dice < 4) {
      auto item = std::make_unique<Item>();
      item->content.subject = fmt::format("Burst {}", i);
      const std::int64_t day = days_from_civil(2026, 1, 1) + static_cast<std::int64_t>(random() % 730);
      item->content.start = {day * 86400 + static_cast<std::int64_t>(random() % 24) * 3600, folder.mailbox.zone};
      item->content.end = {item->content.start.local + 1800, folder.mailbox.zone};
      item->key = sha256(fmt::format("{}/{}", folder.id, random())).substr(0, 8);
      item->ical_uid = "burst-" + hex(item->key);
      folder.mailbox.add(std::move(item), folder);
      ++added;
      continue;
    }
    Item& chosen = *living[random() % living.size()];
    if (dice < 8) {
      chosen.content.subject = fmt::format("Edited {} {}", i, random() % 1000);
      folder.mailbox.touch(chosen);
      ++edited;
    } else {
      folder.mailbox.remove(chosen);
      ++removed;
    }
    call.provider.microsoft.announce();
  }
  return json_response(200, fmt::format(R"({{"added":{},"edited":{},"removed":{}}})", added, edited, removed));
}

void append_folder_state(std::string& out, const ControlCall& call, const Mailbox& user, const Listing& row) {
  const Preferences immutable{utc_zone(), "UTC", true, false, 0, {}};
  EventView view{immutable, call.provider.settings.microsoft};
  view.names_removed = true;
  std::string events, exceptions, removed;
  for (const auto& [change, item] : row.folder->order()) {
    if (row.folder->trace(*item)->gone) {
      if (!removed.empty()) removed += ',';
      append_quoted(removed, item_id(*row.folder, *item, true));
      continue;
    }
    if (!events.empty()) events += ',';
    append_event(events, view, *item, std::nullopt);
    for (const auto& [day, exception] : item->exceptions) {
      if (!exceptions.empty()) exceptions += ',';
      append_event(exceptions, view, *item, day);
    }
  }
  ObjectWriter object(out);
  object.raw("calendar", listing_json(user, row));
  object.raw("events", "[" + events + "]");
  object.raw("exceptions", "[" + exceptions + "]");
  object.raw("removed", "[" + removed + "]");
}

}  // namespace

Response control_user_events(ControlCall& call) {
  const std::string& method = call.request.method;
  const std::string order = call.path.empty() || method != "POST" ? "" : call.path[0];
  if (order == "move") return move(call);
  if (order == "burst") return burst(call);
  if (order == "cancel") return remove(call);
  if (!order.empty()) throw control_fault(404, "no such control call");
  if (method == "POST") return create(call);
  if (method == "PATCH") return patch(call);
  if (method == "DELETE") return remove(call);
  const Named named = named_item(call);
  return item_answer(call, *named.item, named.day);
}

Response control_user_state(ControlCall& call) {
  const Mailbox& user = mailbox_of(call);
  const std::string_view only = call.text("calendar_id");
  std::string rows;
  for (const Listing& row : user.listings) {
    if (row.folder->removed || (!only.empty() && row.folder->id != only)) continue;
    if (!rows.empty()) rows += ',';
    append_folder_state(rows, call, user, row);
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.text("email", user.email);
    object.text("id", user.id);
    object.raw("calendars", "[" + rows + "]");
  }
  return json_response(200, std::move(body));
}

}  // namespace calsync::emulator::microsoft
