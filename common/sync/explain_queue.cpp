// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/sync/explain_rules.hpp"

namespace calsync::sync::rules {
namespace {

std::string worker_name(const LeaseEvidence& lease) {
  const std::string id = lease.worker.empty() ? "a worker" : "worker " + lease.worker;
  return lease.host.empty() ? id : fmt::format("{} at {}", id, lease.host);
}

bool no_worker_lives(const Case& one) { return one.evidence.workers_alive && *one.evidence.workers_alive == 0; }

std::string since_due(const Case& one) { return "it is due since " + moment(*one.facts().due_at, one.now()); }

/// Late ones are somebody's trouble, others only have to wait.
std::string situation_of_due(const Case& one) { return late_since(one.facts(), one.now()) ? "delayed" : "pending"; }
ErrorOwner owner_of_due(const Case& one) {
  return late_since(one.facts(), one.now()) ? ErrorOwner::operators : ErrorOwner::none;
}

Explanation lease_is_stuck(const Case& one, const LeaseEvidence& lease) {
  std::string reason = worker_name(lease) + " holds it";
  if (lease.since) reason += " since " + moment(*lease.since, one.now());
  reason += lease.last_heartbeat ? ", and was last heard of at " + moment(*lease.last_heartbeat, one.now())
                                 : ", and is not there any more";
  return {"delayed", std::move(reason),
          no_worker_lives(one) ? "start a sync-worker: it takes the connection over"
                               : "wait a few seconds: another worker takes it over",
          Cause::lease_stuck, ErrorOwner::operators};
}

}  // namespace

Told is_leased(const Case& one) {
  if (!one.facts().lease_until || *one.facts().lease_until <= one.now()) return std::nullopt;
  const auto& lease = one.evidence.lease;
  if (lease && !lease->alive) return lease_is_stuck(one, *lease);
  std::string reason = "a worker is syncing it now";
  if (lease) {
    reason = worker_name(*lease) + " is syncing it";
    if (lease->since) reason += " since " + moment(*lease->since, one.now());
  }
  return Explanation{"syncing", std::move(reason), "", Cause::syncing, ErrorOwner::none};
}

Told has_no_worker(const Case& one) {
  if (!one.due() || !no_worker_lives(one)) return std::nullopt;
  std::string reason = since_due(one) + ", and no worker is alive";
  reason += one.evidence.last_heartbeat
                ? "; one was last heard of at " + moment(*one.evidence.last_heartbeat, one.now())
                : "";
  return Explanation{situation_of_due(one), std::move(reason), "start a sync-worker, and read why the last one ended",
                     Cause::no_worker, ErrorOwner::operators};
}

Told waits_as_suspect(const Case& one) {
  if (!one.due() || one.evidence.unsettled_claims < suspicious_ends) return std::nullopt;
  return Explanation{
      situation_of_due(one),
      fmt::format("its last {} runs ended with their worker; connections under such suspicion run one at "
                  "a time, and after {} ends it is suspended",
                  one.evidence.unsettled_claims, fatal_ends),
      "read the last lines that its workers logged", Cause::suspect, ErrorOwner::operators};
}

Told waits_for_a_full_read(const Case& one) {
  const Evidence& evidence = one.evidence;
  if (!(one.due() || one.held()) || evidence.has_cursor || !evidence.nobody_waits || evidence.full_reads == 0)
    return std::nullopt;
  return Explanation{
      one.held() ? one.state() : situation_of_due(one),
      fmt::format("it is to be read in full and nobody waits for it: {} other full reads of {} are under way",
                  evidence.full_reads, evidence.provider),
      "wait, or ask for a sync of this connection, which goes first", Cause::full_read_waits, ErrorOwner::none};
}

Told waits_for_its_turn(const Case& one) {
  if (!one.held()) return std::nullopt;
  return Explanation{one.state(),
                     fmt::format("it waits until {}: for its turn to call the provider, or by hand",
                                 moment(*one.facts().backoff_until, one.now())),
                     "clear backoff_until to sync now", Cause::waits_for_turn, ErrorOwner::operators};
}

Told waits_for_recovery(const Case& one) {
  if (!one.due() || !one.evidence.circuit || one.evidence.circuit->state != "ramping") return std::nullopt;
  return Explanation{situation_of_due(one),
                     fmt::format("{} is back, and what has piled up is worked off slowly ({})", one.evidence.provider,
                                 one.evidence.circuit->reason),
                     "wait, or ask for a sync of this connection, which goes first", Cause::provider_recovers,
                     ErrorOwner::provider};
}

Told is_queued(const Case& one) {
  if (!one.due() || one.evidence.ahead <= 0) return std::nullopt;
  const bool more = one.evidence.ahead >= most_ahead;
  return Explanation{situation_of_due(one),
                     fmt::format("{}, behind {}{} others of {}", since_due(one), one.evidence.ahead,
                                 more ? " or more" : "", one.evidence.provider),
                     late_since(one.facts(), one.now()) ? "start another sync-worker if the queue does not get shorter"
                                                        : "wait: those go first",
                     Cause::queued, owner_of_due(one)};
}

Told is_due(const Case& one) {
  if (!one.due()) return std::nullopt;
  const bool late = late_since(one.facts(), one.now()).has_value();
  return Explanation{late ? "delayed" : "pending", since_due(one) + (late ? ", and no worker has taken it" : ""),
                     late ? "check that a sync-worker is running and knows its provider" : "",
                     late ? Cause::late : Cause::due, owner_of_due(one)};
}

Told has_no_channels(const Case& one) {
  const auto& channels = one.evidence.channels;
  if (!channels) return std::nullopt;
  const std::string polled =
      fmt::format("; it is polled every {} minutes meanwhile", one.facts().sync_frequency_minutes);
  if (channels->refused > 0) {
    const bool operators = channels->refusal.starts_with("configuration_error");
    std::string reason = fmt::format("{} of {} calendars have no push channel: {}", channels->refused, channels->wanted,
                                     channels->refusal);
    return Explanation{"active", reason + polled,
                       operators ? "make push.public_url an https address that the provider accepts"
                                 : "none yet: opening the channels is tried again",
                       Cause::channel_dead, operators ? ErrorOwner::operators : ErrorOwner::provider};
  }
  if (channels->expired_at || channels->silent > 0) {
    std::string reason =
        channels->silent > 0
            ? fmt::format("{} push channels have not announced changes that polling found", channels->silent)
            : "a push channel ended at " + moment(*channels->expired_at, one.now());
    return Explanation{"active", reason + polled, "none yet: the next run opens new channels", Cause::channel_dead,
                       ErrorOwner::provider};
  }
  return std::nullopt;
}

Told is_in_step(const Case& one) {
  const bool pushed = one.evidence.channels && one.evidence.channels->live > 0;
  return Explanation{"active", pushed ? "in step, and its changes are announced" : "in step", "", Cause::in_step,
                     ErrorOwner::none};
}

}  // namespace calsync::sync::rules
