// SPDX-License-Identifier: Apache-2.0
// What a run says of its connection when it ends, held against what it was told.
#include <fmt/format.h>

#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {
namespace {

constexpr std::chrono::hours a_person_acts{24 * 30};
/// What no exponential backoff and no pause of our own is longer than.
constexpr std::chrono::minutes longest_backoff{125};
/// A refusal that looks permanent is tried again for about a day.
constexpr int patience = 30;
constexpr int fatal_ends = 5;
constexpr int storms = 3;
/// Verdicts that the database does not take are offered again every five seconds at the latest.
constexpr std::chrono::seconds verdict_written{25};

std::string code_of(const Text& error) { return error ? error->substr(0, error->find(':')) : std::string(); }

bool of_the_grant(std::string_view code) { return code == "invalid_token" || code == "insufficient_scope"; }

bool wanted(const CalendarRow& row) { return row.selected && !row.deleted_at && row.access_role != "none"; }

/// As docs/states.md says it of a run that has failed.
std::string state_of_failure(const ConnectionRow& row, bool suspended) {
  const std::string code = code_of(row.last_error);
  if (of_the_grant(code) && (suspended || row.grant_refusals >= 2)) return "needs_reauth";
  if (code == "configuration_error") return "delayed";
  if (suspended) return "suspended";
  if (code == "rate_limited" || code == "quota_exceeded") return "throttled";
  if (code == "provider_unavailable" || code == "network_error" || code == "timeout") return "provider_down";
  return "delayed";
}

}  // namespace

/// The state that is stored is the one that the row's own columns and calendars mean.
void Checks::judge_verdict(const ConnectionRow& before, const ConnectionRow& after) {
  const Epoch& epoch = story(after.id).epoch;
  if (before.edit_seq != epoch.edit) return;
  const bool succeeded = after.last_synced_at != before.last_synced_at;
  if (!succeeded && after.error_count <= before.error_count) {
    if (after.sync_state != before.sync_state)
      violated("I13", fmt::format("{} went from {} to {} by a run that was not let in", after.id, before.sync_state,
                                  after.sync_state));
    return;
  }
  if (!succeeded) judge_backoff(before, after);
  bool failing = false;
  const auto& calendars = database_.tables().calendars.rows();
  for (auto at = calendars.lower_bound({after.id, ""}); at != calendars.end() && at->first.first == after.id; ++at)
    failing |= wanted(*at->second) && at->second->last_error && code_of(at->second->last_error) != "cursor_expired";
  const bool suspended = after.backoff_until && *after.backoff_until - database_.now() > a_person_acts;
  const std::string state = succeeded ? (failing ? "delayed" : "active") : state_of_failure(after, suspended);
  // Somebody may have chosen other calendars meanwhile.
  if (after.sync_state == state || (succeeded && woken_since(after.id, epoch.claimed))) return;
  violated("I13", fmt::format("{} is said to be {}, and is {}: {}", after.id, after.sync_state, state,
                              after.last_error.value_or("no error")));
}

void Checks::judge_backoff(const ConnectionRow& before, const ConnectionRow& after) {
  if (!after.backoff_until) return;
  const Duration backoff = *after.backoff_until - database_.now();
  const std::string code = code_of(after.last_error);
  const bool poisoned = after.last_error->find("ended with their worker") != std::string::npos;
  if (code == "configuration_error" && after.grant_refusals > before.grant_refusals)
    violated("I13", fmt::format("a mistake of the operator counts as a refusal of the grant of {}", after.id));
  if (backoff <= a_person_acts) {
    const Duration asked_for = pause_of(after.id).until - scheduler_.elapsed();
    if (backoff > std::max<Duration>(longest_backoff, asked_for + std::chrono::minutes(1)))
      violated("I9",
               fmt::format("{} backs off for {} s, which nobody has asked for", after.id, backoff.count() / 1000000));
  } else if (poisoned ? before.unsettled_claims < fatal_ends : !of_the_grant(code) && after.error_count < patience) {
    violated("I13", fmt::format("{} waits for a person after {} failures and {} ends of its workers: {}", after.id,
                                after.error_count, before.unsettled_claims, *after.last_error));
  }
}

/// A success has read each wanted calendar, or says of it why not.
void Checks::judge_calendars_read(const ConnectionRow& after) {
  const Epoch& epoch = story(after.id).epoch;
  const Member* member = roster_.by_connection(after.id);
  if (!member || member->provider == "ics" || epoch.unread || woken_since(after.id, epoch.claimed)) return;
  const sync::Cursor cursor = sync::parse_cursor(after.sync_cursor.value_or(""));
  const auto& calendars = database_.tables().calendars.rows();
  for (auto at = calendars.lower_bound({after.id, ""}); at != calendars.end() && at->first.first == after.id; ++at) {
    const CalendarRow& row = *at->second;
    // One that was found in mid-run is read by the next.
    if (!wanted(row) || !row.last_synced_at || row.last_error || epoch.ended.contains(row.external_calendar_id))
      continue;
    const auto position = cursor.calendars.find(row.external_calendar_id);
    const bool rests =
        position != cursor.calendars.end() && position->second.token.empty() && position->second.expirations >= storms;
    if (!rests)
      violated("I13", fmt::format("{} was settled as a success, and its calendar {} was neither read nor noted",
                                  after.id, row.external_calendar_id));
  }
}

/// A refusal of a calendar's token is remembered with its position: so many in a row decide whether it rests.
void Checks::judge_expirations(const ConnectionRow& row, const sync::Cursor& is) {
  const Epoch& epoch = story(row.id).epoch;
  for (const auto& [calendar, position] : is.calendars) {
    if (position.expirations == 0 && epoch.expired.contains(calendar) && !epoch.accepted.contains(calendar))
      violated("I17", fmt::format("{} has forgotten that a token of {} was refused", row.id, calendar));
  }
}

void Checks::note_sync_token(const Call& call, const Result<net::HttpResponse>& answer) {
  if (!call.incremental || call.operation != "list_events" || !answer || !of_the_holder(call)) return;
  Epoch& epoch = story(call.connection).epoch;
  if (answer->status == 410) {
    ++epoch.expired[call.calendar];
    epoch.accepted.erase(call.calendar);
  } else if (answer->status == 200) {
    epoch.accepted.insert(call.calendar);
  }
}

/// A token is stored with its own life. The worker's clock may be whole hours off.
void Checks::judge_token(const Commit& commit) {
  if (commit.statement != "queue_store_tokens") return;
  for (const auto& change : commit.connections) {
    if (!change.before || !change.after) continue;
    const Epoch& epoch = story(change.after->id).epoch;
    if (!epoch.token_life) continue;
    if (!change.after->token_expiry)
      return violated("I13", fmt::format("a token of {} was stored without its end", change.after->id));
    const Duration off = *change.after->token_expiry - (database_.now() + *epoch.token_life);
    const Duration rest = off - std::chrono::round<std::chrono::hours>(off);
    // It may have waited for the database.
    if (rest > std::chrono::seconds(5) || rest < -std::chrono::seconds(140))
      violated("I13", fmt::format("a token of {} that lives {} s was stored with an end {} s off", change.after->id,
                                  epoch.token_life->count(), off.count() / 1000000));
  }
}

bool Checks::calm_for(const std::string& worker, Duration how_long) const {
  const auto since = calm_since_ ? calm_since_(worker) : std::nullopt;
  return since && scheduler_.elapsed() - *since > how_long;
}

/// A run that has ended says so as soon as the database listens; its lease does not have to run out.
void Checks::judge_lost_verdict(const ConnectionRow& before) {
  if (!before.lease_until || !before.lease_owner || !calm_for(*before.lease_owner, verdict_written)) return;
  const Epoch& epoch = story(before.id).epoch;
  if (epoch.worker != *before.lease_owner) return;
  for (const auto& [number, call] : calls_) {
    const auto worker = worker_of_process_.find(call.process);
    if (call.connection == before.id && worker != worker_of_process_.end() && worker->second == epoch.worker) return;
  }
  if (scheduler_.elapsed() - std::max(epoch.claimed, epoch.heard) > verdict_written)
    violated("I8",
             fmt::format("{} has done nothing for {} since {} s, and did not give its lease back", *before.lease_owner,
                         before.id, (scheduler_.elapsed() - std::max(epoch.claimed, epoch.heard)).count() / 1000000));
}

void Checks::look_for_life(const std::string& process, const std::string& worker) {
  const WorkerRow* row = database_.tables().workers.find(worker);
  if (row && database_.now() - row->heartbeat_at > std::chrono::seconds(15) &&
      calm_for(worker, std::chrono::seconds(20)))
    violated("I5", process + " lives and works, and others take it for dead");
}

void Checks::drains_for_ever(const std::string& process, const std::string& worker) {
  if (calm_for(worker, std::chrono::seconds(58)))
    violated("I8", process + " was told to end and did not within a minute");
}

void Checks::ended(const std::string& process, const std::string& worker) {
  for (const auto& [id, row] : database_.tables().connections.rows()) {
    if (row->lease_owner == worker && row->lease_until > Moment(database_.now()) && calm_for(worker, verdict_written))
      violated("I8", fmt::format("{} has ended and keeps the lease of {}", process, id));
  }
}

}  // namespace calsync::simulation
