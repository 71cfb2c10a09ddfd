// SPDX-License-Identifier: Apache-2.0
// The promises of the mirror, for mailboxes.
#include <fmt/format.h>

#include "tests/emulator/json.hpp"
#include "tests/emulator/microsoft/graph_event_json.hpp"
#include "tests/emulator/microsoft/graph_id.hpp"
#include "tests/simulation/provider/graph_truth.hpp"
#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {
namespace {

namespace graph = emulator::microsoft;

std::string series_version(const EventRow& row) {
  const std::string etag = row.etag.value_or("");
  return etag.substr(0, etag.find(' '));
}

/// Series that Graph did not find when the delta named them, and that the next round looks for again.
bool looked_for_again(std::string_view cursor, const std::string& id) {
  emulator::Json position;
  if (!emulator::parse_json(cursor, position) || !position.IsObject()) return false;
  const auto missing = position.FindMember("missing");
  return missing != position.MemberEnd() && missing->value.IsObject() && missing->value.HasMember(id.c_str());
}

}  // namespace

/// What a delta, an event or a list of instances has shown of events. Of a series that is only named no version is
/// known.
void Checks::read_graph_items(const Call& call, const net::HttpResponse& response) {
  if (call.operation != "list_events" && call.operation != "get_event" && call.operation != "list_instances") return;
  Epoch& epoch = story(call.connection).epoch;
  emulator::Json page;
  if (!emulator::parse_json(response.body, page) || !page.IsObject()) {
    epoch.unread = true;
    return;
  }
  const auto take = [&](const emulator::JsonValue& item) {
    if (!item.IsObject()) return;
    const std::string series(emulator::string_member(item, "seriesMasterId"));
    if (!series.empty()) epoch.served.try_emplace({call.calendar, series});
    const std::string id(emulator::string_member(item, "id"));
    epoch.served[{call.calendar, id}] = emulator::string_member(item, "@odata.etag");
  };
  if (call.operation == "get_event") return take(page);
  if (const auto items = page.FindMember("value"); items != page.MemberEnd() && items->value.IsArray()) {
    for (const auto& item : items->value.GetArray()) take(item);
  }
  const std::string link(emulator::string_member(page, "@odata.deltaLink"));
  if (!link.empty()) epoch.ended[call.calendar] = link;
}

/// As judge_calendar: whatever changed up to the link's position and is in its window is in the mirror, in that
/// version.
void Checks::judge_mailbox_calendar(const ConnectionRow& row, const std::string& id, const std::string& cursor,
                                    const Member& member) {
  const auto position = position_in(cursor);
  const graph::Folder* folder = mailbox_folder(provider_, member.grant.email, id);
  if (!position || !folder || position->epoch != folder->epoch) return;
  const CalendarRow* kept = database_.tables().calendars.find({row.id, id});
  if (!kept || !kept->selected || kept->deleted_at || kept->access_role == "none") return;
  const auto lives = [](const EventRow* one) { return one && !one->deleted_at; };
  const auto judge = [&](const graph::Item& item, std::optional<std::int64_t> day, bool there) {
    const std::string event = graph::item_id(*folder, item, true, day);
    const EventRow* mirrored = database_.tables().events.find({row.id, id, event});
    if (lives(mirrored) && mirrored->sync_status != "SYNCED") return;
    if (lives(mirrored) != there)
      violated("I3", fmt::format("the cursor of {} covers a change of {}, which {} the mirror", id, event,
                                 there ? "is not in" : "has left the window and is in"));
    else if (there && !mirrored->etag.value_or("").empty() && series_version(*mirrored) != graph::etag_of(item, day))
      violated("I3", fmt::format("the cursor of {} covers a change of {}, whose row has version {} and not {}", id,
                                 event, *mirrored->etag, graph::etag_of(item, day)));
  };
  for (const auto& [change, item] : folder->order()) {
    if (change > position->since) break;
    if (looked_for_again(cursor, graph::item_id(*folder, *item, true))) continue;
    std::vector<graph::Instance> instances;
    if (!folder->trace(*item)->gone) graph::append_instances(*item, position->window, true, instances);
    judge(*item, std::nullopt, !instances.empty());
    for (const graph::Instance& one : instances) {
      if (one.day && item->exceptions.contains(*one.day)) judge(*item, one.day, true);
    }
  }
}

}  // namespace calsync::simulation
