// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/render.hpp"

#include <fmt/format.h>

#include "tests/contract/store_contract/columns.hpp"

namespace calsync::contract {
namespace {

std::string render(const sync::Claim::CalendarState& one) {
  return fmt::format("{} {} selected={} gone={} failed={} rests={} may_watch={}", one.id, one.time_zone, one.selected,
                     one.gone, one.failed, one.rests, one.may_watch);
}

std::string render(const sync::Channel& one) {
  return fmt::format("{} {} '{}' state={} expired={} renewal={} silent={} stop={} '{}'", one.id, one.calendar_id,
                     one.resource_id, static_cast<int>(one.state), one.expired, one.renewal_due, one.silent,
                     one.stop_due, one.address);
}

template <class T>
std::string render_all(const std::vector<T>& many) {
  std::vector<std::string> texts;
  for (const T& one : many) texts.push_back(render(one));
  return contract::render(texts);
}

}  // namespace

std::string render(const std::optional<Time>& time) { return time ? format_rfc3339(*time) : "-"; }

std::string render(const sync::Claim& one) {
  return fmt::format(
      "{} owner={} {} account={} token={} wake={} edit={} cursor='{}' synced={} expiry={} errors={} refusals={} "
      "unsettled={} state={} drained={} {} us ago links={} push={} asked={} person={} woken={} credentials={} "
      "calendars={} channels={} retry={}",
      one.connection.str(), one.owner.str(), one.provider, one.account, one.lease_token, one.wake_seq, one.edit_seq,
      one.cursor, render(one.last_synced_at), render(one.token_expiry), one.error_count, one.grant_refusals,
      one.unsettled_claims, one.state, one.calls_drained, one.calls_age.count(), one.account_links, one.by_push,
      one.asked_for, one.interactive, one.woken_ago ? one.woken_ago->count() : -1, render(one.sealed_credentials),
      render_all(one.calendars), render_all(one.channels), render(one.retry_calendars));
}

std::string render(const store::Candidate& one) {
  return fmt::format("{} {} {} rank={} overdue={} unsettled={}", one.connection.str(), one.owner.str(), one.provider,
                     static_cast<int>(one.rank), one.overdue.count(), one.unsettled);
}

std::string render(const std::optional<sync::Counts>& counts) {
  if (!counts) return "lost";
  return fmt::format("ingested={} updated={} deleted={} failed={}", counts->ingested, counts->updated, counts->deleted,
                     counts->failed);
}

std::string render(const store::CredentialTable::Stored& stored) {
  return render(stored.sealed) + " expiry=" + render(stored.token_expiry);
}

std::string render(const store::BucketGrant& one) {
  return fmt::format("{} {} granted={} wait={}", one.name.scope, one.name.key, one.granted, one.wait.count());
}

std::string render(const sync::Circuit& one) {
  return fmt::format("{} {} {} '{}' age={} away={} probe={} failed={} good={} steady={} connections={} version={}",
                     one.provider, one.host, sync::circuit_state_name(one.state), one.reason, one.age.count(),
                     one.away_for.count(), one.probe_in.count(), one.failed_probes, one.good_probes, one.steady,
                     one.connections, one.version);
}

std::string render(const store::Steady& steady) {
  return fmt::format("connections={} a second={}", steady.connections, steady.per_second);
}

std::string render(const sync::Mirror& mirror) {
  std::vector<std::string> texts;
  for (const auto& [id, known] : mirror) {
    texts.push_back(fmt::format("{} etag={} {} of={} booking={} buried={} '{}'", id, known.etag,
                                sync::sync_status_name(known.status), known.recurring_event_id, known.booking,
                                known.buried, known.slots));
  }
  return render(texts);
}

std::string render(const store::Connected& one) {
  return fmt::format("{} created={} awaiting={}", one.connection.str(), one.created, one.awaiting_confirmation);
}

std::string render(const store::Wake& one) { return fmt::format("{} {}", one.connection.str(), one.wake_seq); }

std::string render(const store::Served& one) {
  return fmt::format("{} served={} blocked={} '{}' {}", one.connection.str(), one.served, one.blocked, one.last_error,
                     render(one.last_synced_at));
}

std::string render(const store::Holdings& one) {
  return fmt::format("events={} calendars={} channels={} shared={}", one.events, one.calendars, one.channels,
                     one.shared);
}

std::string render(const store::JobRun& one) {
  return fmt::format("'{}' {} finished={} marked={} processed={} succeeded={} failed={} items={}/{}/{}/{}/{} {} ms {}",
                     one.run_by, render(one.created_at), one.finished, one.marked, one.processed, one.succeeded,
                     one.failed, one.items_ingested, one.items_updated, one.items_deleted, one.outbound_retried,
                     one.outbound_succeeded, one.duration_ms, render(one.errors));
}

std::string render(const std::optional<store::JobRun>& run) { return run ? render(*run) : "none"; }

std::string render(const store::AbandonedChannel& one) {
  return fmt::format("{} {} {} {} {} {} attempts={}", one.id, one.resource_id, one.connection.str(), one.owner.str(),
                     one.provider, one.sealed, one.attempts);
}

std::string render(const store::PendingRevocation& one) {
  return fmt::format("{} {} {} {} attempts={}", one.id, one.owner, one.provider, one.sealed, one.attempts);
}

std::string render(const std::map<std::string, store::PushChannel>& channels) {
  std::vector<std::string> texts;
  for (const auto& [id, one] : channels) {
    texts.push_back(fmt::format("{} {} {} {} {} '{}' stopped={}", id, one.connection.str(), one.owner.str(),
                                one.provider, one.secret_hash, one.resource_id, one.stopped));
  }
  return render(texts);
}

std::string render(const store::GateTable::Portion& one) { return fmt::format("{} until '{}'", one.marked, one.last); }

std::string render(const std::set<ConnectionId>& ids) {
  std::vector<std::string> texts;
  for (const ConnectionId& id : ids) texts.push_back(id.str());
  return render(texts);
}

std::string render(const store::SettledRuns& runs) { return render(runs.settled) + " held " + render(runs.held); }

std::string render(const std::pair<std::string, std::string>& pair) { return pair.first + "='" + pair.second + "'"; }

std::string render(const std::optional<std::string>& json) {
  return json ? normal(Kind::json, json).value() : "nothing";
}

}  // namespace calsync::contract
