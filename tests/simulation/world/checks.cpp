// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace calsync::simulation {
namespace {

/// A statement may be on its way when a switch goes off, or when the database slept over it.
constexpr std::chrono::seconds on_its_way{40};
/// Workers learn at their heartbeats who is dead. They go by it until the next one that the database takes, for seven
/// seconds at most, and their claim may wait for a session meanwhile.
constexpr std::chrono::seconds told_by_a_heartbeat{25};
constexpr std::size_t largest_backlog = 5000;

/// Some calendar is not read at every poll, since its tokens are refused again and again. For how long is judged by the
/// worker's clock, which may be hours off.
bool rests(const sync::Cursor& cursor) {
  return std::ranges::any_of(cursor.calendars,
                             [](const auto& one) { return sync::resting(one.second, one.second.full_read_at); });
}

}  // namespace

void Checks::violated(std::string invariant, std::string what) {
  if (violation_) return;
  scheduler_.trace().say(scheduler_.elapsed(), fmt::format("VIOLATED {}: {}", invariant, what));
  violation_ = Violation{std::move(invariant), std::move(what)};
  scheduler_.stop();
}

void Checks::worker_born(const std::string& process, const std::string& worker, const sync::GateSettings& gate) {
  worker_of_process_[process] = worker;
  gates_[process] = {gate, scheduler_.elapsed()};
}

void Checks::gate_set(const std::string& process, const sync::GateSettings& gate) {
  gates_[process] = {gate, scheduler_.elapsed()};
}

void Checks::crashed(const std::string& process, const std::string& reason) {
  violated("I0", fmt::format("{} ended by itself: {}", process, reason));
}

void Checks::backlog(const std::string& process, std::size_t size) {
  if (size > largest_backlog) violated("I17", fmt::format("{} has {} things to do", process, size));
}

void Checks::erased(const std::string& connection) {
  if (const Member* member = roster_.by_connection(connection)) {
    for (const auto& [token, email] : tokens_)
      if (email == member->grant.email) abandoned_.insert(token);
  }
  erased_.insert(connection);
  forget_pauses(connection);
}

void Checks::connected(const std::string& connection) {
  Story& one = story(connection);
  one.refusals = 0;
  one.asked_in_vain = 0;
  one.suspended_for_grant = false;
  one.last_token_error.clear();
  forget_pauses(connection);
}

const Checks::Pause& Checks::pause_of(const std::string& connection) {
  const Pause& written = pauses_[connection];
  const Pause& heard = story(connection).epoch.pause;
  return heard.until > written.until ? heard : written;
}

void Checks::record_pause(const std::string& connection) { pauses_[connection] = pause_of(connection); }

void Checks::forget_pauses(const std::string& connection) {
  pauses_.erase(connection);
  story(connection).epoch.pause = {};
}

int Checks::refusals(const std::string& connection) const {
  const auto found = stories_.find(connection);
  return found == stories_.end() ? 0 : found->second.refusals;
}

void Checks::look_at_workers() {
  for (const auto& [id, row] : database_.tables().workers.rows()) {
    if (row->heartbeat_at <= database_.now() - std::chrono::seconds(15)) looked_dead_[id] = scheduler_.elapsed();
  }
}

bool Checks::worker_lives(const std::string& worker) const {
  const WorkerRow* row = database_.tables().workers.find(worker);
  if (!row || row->heartbeat_at <= database_.now() - std::chrono::seconds(15)) return false;
  const auto dead = looked_dead_.find(worker);
  return dead == looked_dead_.end() || scheduler_.elapsed() - dead->second > told_by_a_heartbeat;
}

void Checks::committed(const Commit& commit) {
  if (violation_) return;
  ++judged_;
  Trace& trace = scheduler_.trace();
  trace.mix(commit.statement);
  // What this worker hears now it goes by until its next one.
  if (commit.statement == "queue_heartbeat") look_at_workers();
  if (commit.statement == "queue_store_tokens") {
    for (const auto& change : commit.credentials) {
      const CredentialRow& row = change.after ? *change.after : *change.before;
      std::erase_if(unstored_, [&](const auto& one) { return one.second == row.connection_id; });
      // The worker has read and kept the token: only then was it given one.
      story(row.connection_id).refusals = 0;
      story(row.connection_id).epoch.forgiven = 0;
    }
  }
  for (const auto& change : commit.connections) {
    const ConnectionRow& row = change.after ? *change.after : *change.before;
    trace.mix(row.id);
    trace.mix(static_cast<std::uint64_t>(row.lease_token * 31 + row.wake_seq * 7 + row.error_count));
    if (trace.wanted())
      trace.explain(scheduler_.elapsed(),
                    fmt::format("{} by {}: {} lease {} wake {}/{} needed {} errors {} {}", commit.statement,
                                commit.origin, row.id.substr(0, 8), row.lease_token, row.served_wake_seq, row.wake_seq,
                                row.sync_needed, row.error_count, row.last_error.value_or("")));
    judge_connection(commit, change);
  }
  judge_token(commit);
  judge_channels(commit);
  note_places(commit);
  note_circuits(commit);
  if (commit.statement == "mirror_stage" && !commit.events.empty())
    violated("I2", "rows changed before their full read had come to its end");
  for (const auto& change : commit.events) {
    if (trace.wanted()) {
      const EventRow& row = change.after ? *change.after : *change.before;
      trace.explain(scheduler_.elapsed(),
                    fmt::format("  event {} of {} is {} in version {}, {}{}", row.key.external_event_id,
                                row.key.connection_id.substr(0, 8), row.sync_status, row.etag.value_or("-"), row.status,
                                !change.after    ? ", deleted"
                                : row.deleted_at ? ", buried"
                                                 : ""));
    }
    judge_event(commit, change);
  }
  judge_switch(commit);
}

void Checks::judge_connection(const Commit& commit, const Change<ConnectionRow>& change) {
  if (!change.after) return;
  const ConnectionRow& after = *change.after;
  if (erased_.contains(after.id)) return violated("I16", "a disconnected connection came back: " + after.id);
  if (!change.before) return;
  const ConnectionRow& before = *change.before;
  if (after.lease_token < before.lease_token) violated("I4", "the lease token of " + after.id + " went back");
  if (after.wake_seq > before.wake_seq) story(after.id).woken = scheduler_.elapsed();
  const bool a_worker = commit.origin != "api" && commit.origin != "operator";
  if (!a_worker) return note_outsiders(commit, before, after);
  if (commit.statement == "queue_claim") return judge_claim(commit, before, after);
  const bool of_a_run = before.sync_cursor != after.sync_cursor || before.last_synced_at != after.last_synced_at ||
                        before.error_count != after.error_count || before.lease_until != after.lease_until ||
                        before.token_expiry != after.token_expiry;
  if (of_a_run) judge_fence(commit, before);
  if (before.lease_until && !after.lease_until && before.served_wake_seq <= after.served_wake_seq &&
      commit.statement.find("settle") != std::string_view::npos)
    judge_settle(commit, before, after);
  if (before.sync_cursor != after.sync_cursor) judge_cursor(before, after);
  // Whoever gives a lease back can hand the pause over with it.
  if (commit.statement == "queue_release") record_pause(after.id);
}

void Checks::note_outsiders(const Commit&, const ConnectionRow& before, const ConnectionRow& after) {
  // A person who clears a pause, or connects again, takes the consequences.
  if (before.backoff_until != after.backoff_until || before.grant_refusals != after.grant_refusals) {
    forget_pauses(after.id);
    story(after.id).suspended_for_grant = false;
    story(after.id).asked_in_vain = 0;
  }
}

void Checks::judge_claim(const Commit& commit, const ConnectionRow& before, const ConnectionRow& after) {
  const Time now = database_.now();
  if (before.lease_until && *before.lease_until > now && before.lease_owner && worker_lives(*before.lease_owner))
    violated("I5", fmt::format("{} was claimed by {} while {} holds a live lease", after.id, commit.origin,
                               *before.lease_owner));
  if (before.backoff_until && *before.backoff_until > now)
    violated("I9", fmt::format("{} was claimed during its backoff", after.id));
  if (!before.sync_enabled) violated("I14", after.id + " was claimed while it is disabled");
  judge_lost_verdict(before);
  judge_probe(commit, after);
  Story& one = story(after.id);
  one.refusals += one.epoch.forgiven;
  one.epoch = {};
  one.last_token_error.clear();
  one.epoch.worker = commit.origin;
  one.epoch.token = after.lease_token;
  one.epoch.edit = after.edit_seq;
  one.epoch.claimed = scheduler_.elapsed();
}

void Checks::judge_fence(const Commit& commit, const ConnectionRow& before) {
  const Epoch& epoch = story(before.id).epoch;
  if (!before.lease_until || before.lease_owner != commit.origin || epoch.token != before.lease_token)
    violated("I4", fmt::format("{} by {} changed {}, which {} holds with lease {}", commit.statement, commit.origin,
                               before.id, before.lease_owner.value_or("nobody"), before.lease_token));
}

void Checks::judge_settle(const Commit& commit, const ConnectionRow& before, const ConnectionRow& after) {
  Story& one = story(after.id);
  one.epoch.forgiven = 0;
  const bool succeeded = after.last_synced_at != before.last_synced_at;
  if (succeeded && before.sync_needed && !after.sync_needed && one.woken && *one.woken > one.epoch.claimed)
    violated("I6", fmt::format("{} was woken {} us after its claim, and its run cleared sync_needed", after.id,
                               (*one.woken - one.epoch.claimed).count()));
  const Member* member = roster_.by_connection(after.id);
  if (succeeded && member && member->provider != "ics" && one.epoch.ended.empty() && !one.epoch.unread) {
    const auto cursor = sync::parse_cursor(after.sync_cursor.value_or(""));
    if (has_calendars(after.id) && !cursor.calendars.empty() && !rests(cursor))
      violated("I13", fmt::format("{} was settled as a success although no calendar was read to its end", after.id));
  }
  const bool paused = one.epoch.told_to_wait && (!before.backoff_until || after.backoff_until > before.backoff_until);
  if (before.edit_seq != one.epoch.edit &&
      (before.sync_cursor != after.sync_cursor || (before.backoff_until != after.backoff_until && !paused) ||
       before.error_count != after.error_count || before.last_synced_at != after.last_synced_at))
    violated("I14", fmt::format("{} overwrote what an operator set on {} during the run", commit.statement, after.id));
  judge_errors(before, after);
  judge_verdict(before, after);
  if (succeeded) judge_calendars_read(after);
  if (succeeded) judge_places_left(after.id);
  record_pause(after.id);
  if (!succeeded && after.error_count > before.error_count && !after.backoff_until)
    violated("I13", after.id + " failed without a backoff");
}

bool Checks::has_calendars(const std::string& connection) const {
  const auto& calendars = database_.tables().calendars.rows();
  for (auto at = calendars.lower_bound({connection, ""}); at != calendars.end() && at->first.first == connection;
       ++at) {
    if (at->second->selected && !at->second->deleted_at && at->second->access_role != "none") return true;
  }
  return false;
}

void Checks::judge_errors(const ConnectionRow& before, const ConnectionRow& after) {
  const Time now = database_.now();
  if ((after.error_count == 0) != !after.last_error && before.last_error != after.last_error)
    violated("I13", fmt::format("{} has error_count {} and last_error '{}'", after.id, after.error_count,
                                after.last_error.value_or("NULL")));
  if (after.error_count <= before.error_count || !after.backoff_until) return;
  const Duration backoff = *after.backoff_until - now;
  Story& one = story(after.id);
  const Pause& pause = pause_of(after.id);
  const bool paused = pause.until > scheduler_.elapsed();
  if (backoff < std::chrono::milliseconds(900))
    violated("I9", fmt::format("{} backs off for {} us only", after.id, backoff.count()));
  if (paused && scheduler_.elapsed() + backoff + std::chrono::milliseconds(1) < pause.until)
    violated("I9", fmt::format("{} backs off for less than the provider asked for ({})", after.id, pause.why));
  const bool suspended = backoff > std::chrono::hours(24 * 30);
  const std::string code = after.last_error->substr(0, after.last_error->find(':'));
  if (suspended && code == "invalid_token") {
    if (one.refusals < 2)
      violated("I13", fmt::format("{} was given up after {} refusal(s) of its grant: {}", after.id, one.refusals,
                                  *after.last_error));
    one.suspended_for_grant = true;
  }
  if (!one.last_token_error.empty() && (code == "invalid_token" || code == "insufficient_scope") &&
      one.last_token_error == "invalid_client")
    violated("I13", fmt::format("{} blames the user for a mistake of the operator: {}", after.id, *after.last_error));
}

void Checks::judge_switch(const Commit& commit) {
  if (commit.connections.empty() && commit.events.empty()) return;
  if (commit.statement == "queue_release" || commit.statement == "queue_extend") return;
  for (const auto& [process, worker] : worker_of_process_) {
    if (worker != commit.origin) continue;
    const Gate& gate = gates_[process];
    if (gate.settings.on(sync::Flag::sync)) return;
    if (commit.statement.find("settle") != std::string_view::npos) {
      for (const auto& change : commit.connections) {
        if (change.after && story(change.after->id).epoch.heard > gate.since)
          violated("I14", fmt::format("{} settled a run of {} that went on after calendar sync was switched off",
                                      process, change.after->id));
      }
    }
    if (scheduler_.elapsed() - gate.since < on_its_way) return;
    if (commit.statement.find("settle") != std::string_view::npos ||
        commit.statement.find("checkpoint") != std::string_view::npos || commit.statement == "mirror_stage" ||
        commit.statement == "mirror_flip" || commit.statement == "queue_claim")
      violated("I14",
               fmt::format("{} by {} changed rows while calendar sync is switched off", commit.statement, process));
  }
}

}  // namespace calsync::simulation
