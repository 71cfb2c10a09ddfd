// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/sync/cursor.hpp"
#include "tests/emulator/list_token.hpp"
#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {
namespace {

bool lives(const EventRow* row) { return row && !row->deleted_at; }

/// Rows that the worker has set aside say so; they hold what they hold.
bool set_aside(const EventRow& row) { return row.sync_status != "SYNCED"; }

/// As the provider says it: to that of a Microsoft series the mirror adds what the series' instances say.
std::string version_of(const EventRow& row, const std::string& provider) {
  const std::string etag = row.etag.value_or("");
  return provider == "microsoft" ? etag.substr(0, etag.find(' ')) : etag;
}

}  // namespace

/// A cursor is a promise: whatever changed up to its position is in the mirror, in that very version, and what was
/// deleted is not. Judged in the transaction that stores it.
void Checks::judge_cursor(const ConnectionRow& before, const ConnectionRow& after) {
  const Member* member = roster_.by_connection(after.id);
  if (!member || member->provider == "ics" || !after.sync_cursor) return;
  const sync::Cursor was = sync::parse_cursor(before.sync_cursor.value_or(""));
  const sync::Cursor is = sync::parse_cursor(*after.sync_cursor);
  if (member->provider == "google") judge_expirations(after, is);
  for (const auto& [calendar, position] : is.calendars) {
    const auto old = was.calendars.find(calendar);
    if (position.token.empty() || (old != was.calendars.end() && old->second.token == position.token)) continue;
    if (member->provider == "microsoft")
      judge_mailbox_calendar(after, calendar, position.token, *member);
    else
      judge_calendar(after, calendar, position.token, *member);
  }
}

void Checks::judge_calendar(const ConnectionRow& row, const std::string& id, const std::string& token,
                            const Member& member) {
  const auto position = emulator::decode_token(token);
  emulator::Calendar* calendar = provider_.provider.find_calendar(id);
  emulator::Account* account = provider_.provider.find_account(member.grant.email);
  if (!position || !calendar || calendar->removed || !account) return;
  const emulator::CalendarListEntry* entry = account->entry(id);
  if (!entry || entry->deleted || entry->token_epoch != position->epoch ||
      entry->role == emulator::AccessRole::free_busy_reader)
    return;
  const CalendarRow* kept = database_.tables().calendars.find({row.id, id});
  if (!kept || !kept->selected || kept->deleted_at || kept->access_role == "none") return;
  for (const auto& [change, event] : calendar->changes()) {
    if (change > position->since) break;
    const EventRow* mirrored = database_.tables().events.find({row.id, id, event->id});
    const bool gone = event->hidden || (event->cancelled() && !event->is_exception());
    if (gone) {
      if (lives(mirrored) && !set_aside(*mirrored))
        violated("I3",
                 fmt::format("the cursor of {} covers change {}, the deletion of {}, which still lives in the mirror",
                             id, change, event->id));
      continue;
    }
    if (!lives(mirrored)) {
      violated("I3",
               fmt::format("the cursor of {} covers change {} of {}, which the mirror lacks", id, change, event->id));
    } else if (!set_aside(*mirrored) && !mirrored->etag.value_or("").empty() &&
               *mirrored->etag != event->quoted_etag()) {
      violated("I3", fmt::format("the cursor of {} covers change {} of {}, whose row has version {} and not {}", id,
                                 change, event->id, *mirrored->etag, event->quoted_etag()));
    }
  }
}

void Checks::judge_event(const Commit& commit, const Change<EventRow>& change) {
  const EventRow& row = change.after ? *change.after : *change.before;
  const EventKey& key = row.key;
  const ConnectionRow* connection = database_.tables().connections.find(key.connection_id);
  if (!change.after) return;
  if (erased_.contains(key.connection_id) || !connection)
    return violated("I16", "an event of a disconnected connection was written: " + key.external_event_id);
  if (row.provider_id != connection->provider_id || row.provider != connection->provider)
    violated("I12",
             fmt::format("the event {} of {} belongs to another owner", key.external_event_id, key.connection_id));
  if (commit.origin == "api" || commit.origin == "operator") return;
  const Story& one = story(key.connection_id);
  if (one.epoch.worker != commit.origin && commit.statement.find("prune") == std::string_view::npos)
    violated("I4", fmt::format("{} by {} wrote an event of {}, which {} has claimed last", commit.statement,
                               commit.origin, key.connection_id, one.epoch.worker));
  const Member* member = roster_.by_connection(key.connection_id);
  if (member && member->feed && change.before && !change.before->deleted_at && row.deleted_at) {
    // UIDs never come back; an exception may.
    const CalendarRow* kept = database_.tables().calendars.find({key.connection_id, key.external_calendar_id});
    const bool wanted = kept && kept->selected && !kept->deleted_at && !row.recurring_event_id;
    if (wanted && member->feed->truth().contains(key.external_event_id))
      violated("I2", fmt::format("the event {} was buried, and its feed has it", key.external_event_id));
  }
  const bool upserted =
      !change.before || change.before->etag != row.etag || (change.before->deleted_at && !row.deleted_at);
  if (!member || member->provider == "ics" || row.deleted_at || !upserted) return;
  const auto served = one.epoch.served.find({key.external_calendar_id, key.external_event_id});
  if (one.epoch.unread) return;
  if (served == one.epoch.served.end()) {
    violated("I12", fmt::format("the event {} was written, and the provider did not send it to this run",
                                key.external_event_id));
  } else if (row.sync_status == "SYNCED" && !served->second.empty() &&
             served->second != version_of(row, member->provider)) {
    violated("I11", fmt::format("the event {} was written in version {}, and the last one that this run was sent is {}",
                                key.external_event_id, row.etag.value_or(""), served->second));
  }
}

}  // namespace calsync::simulation
