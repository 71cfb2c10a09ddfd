// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/base/json.hpp"
#include "common/sync/explain.hpp"

namespace calsync::sync {
namespace {

template <class T>
std::string json_of(const T& value) {
  json::Writer writer;
  writer.value(value);
  return writer.text();
}

std::string json_of(const std::optional<Time>& time) { return time ? json_of(format_rfc3339(*time)) : "null"; }

void put_time(json::Writer& writer, std::string_view name, const std::optional<Time>& time) {
  time ? writer.put(name, format_rfc3339(*time)) : writer.put_null(name);
}

/// Collects facts in the order in which they are added.
class Facts {
 public:
  explicit Facts(const Evidence& evidence) : evidence_(evidence) {}

  void add(std::string name, std::string words, std::string value) {
    facts_.push_back({std::move(name), std::move(words), std::move(value)});
  }
  void add_time(std::string name, const std::optional<Time>& at, const char* otherwise) {
    add(std::move(name), at ? moment(*at, evidence_.now) : otherwise, json_of(at));
  }
  std::string at(const std::optional<Time>& time) const {
    return time ? moment(*time, evidence_.now) : std::string("an unknown time");
  }
  std::vector<Fact> take() { return std::move(facts_); }

 private:
  const Evidence& evidence_;
  std::vector<Fact> facts_;
};

std::string words_of(const GateSettings& gate, const ConnectionFacts& facts) {
  const Answer answer = ask(gate, Operation::use_calendar, &facts.owner, &facts.connection);
  if (answer) return gate.on(Flag::jobs) ? "admitted" : "admitted, but not polled: CALENDAR_JOBS_ENABLED is off";
  return answer.refusal.flag ? fmt::format("shut out: {} is off", flag_name(*answer.refusal.flag))
                             : "shut out: it is on no list";
}

void add_gates(Facts& facts, const Evidence& evidence, const GateSettings& gate) {
  facts.add("gate", words_of(gate, evidence.facts), gate_to_json(gate));
  if (!gate.invalid.empty()) {
    const InvalidSetting& first = gate.invalid.front();
    facts.add("invalid_settings", fmt::format("{} is '{}': {}", first.name, first.value, first.reason),
              json_of(static_cast<std::int64_t>(gate.invalid.size())));
  }
  if (!evidence.worker_gate) return;
  facts.add("worker_gate",
            fmt::format("{}, as of {}", words_of(evidence.worker_gate->gate, evidence.facts),
                        facts.at(evidence.worker_gate->recorded_at)),
            gate_to_json(evidence.worker_gate->gate));
}

void add_row(Facts& facts, const Evidence& evidence) {
  const ConnectionFacts& row = evidence.facts;
  facts.add("sync_enabled", row.sync_enabled ? "yes" : "no", json_of(row.sync_enabled));
  facts.add_time("last_success", row.last_synced_at, "never");
  facts.add_time("next_due", row.due_at, "never, while it is disabled");
  facts.add("asked_for", row.sync_needed ? "somebody asked for a sync" : "only polls", json_of(row.sync_needed));
  facts.add("last_error", row.last_error.empty() ? "none" : row.last_error,
            row.last_error.empty() ? "null" : json_of(row.last_error));
  facts.add("error_count", fmt::format("{} failed runs in a row", row.error_count), json_of(row.error_count));
  facts.add_time("backoff_until", row.backoff_until, "none");
}

void add_lease(Facts& facts, const Evidence& evidence) {
  if (!evidence.lease) {
    facts.add("lease", "free", "null");
    return;
  }
  const LeaseEvidence& lease = *evidence.lease;
  json::Writer writer;
  writer.begin_object().put("worker_id", lease.worker).put("host", lease.host).put("alive", lease.alive);
  put_time(writer, "since", lease.since);
  put_time(writer, "last_heartbeat", lease.last_heartbeat);
  put_time(writer, "until", evidence.facts.lease_until);
  writer.end_object();
  facts.add("lease",
            fmt::format("held by worker {} at {}, which is {}, since {}", lease.worker,
                        lease.host.empty() ? "an unknown host" : lease.host, lease.alive ? "alive" : "silent",
                        facts.at(lease.since)),
            writer.text());
}

void add_queue(Facts& facts, const Evidence& evidence) {
  add_lease(facts, evidence);
  if (evidence.workers_alive)
    facts.add("workers_alive", fmt::format("{} workers are alive", *evidence.workers_alive),
              json_of(*evidence.workers_alive));
  facts.add(
      "ahead",
      fmt::format("{}{} others are due before it", evidence.ahead, evidence.ahead >= most_ahead ? " or more" : ""),
      json_of(evidence.ahead));
  if (evidence.unsettled_claims > 0) {
    facts.add("unsettled_claims", fmt::format("{} runs in a row ended with their worker", evidence.unsettled_claims),
              json_of(evidence.unsettled_claims));
  }
}

void add_limits(Facts& facts, const Evidence& evidence) {
  if (evidence.circuit) {
    const CircuitEvidence& circuit = *evidence.circuit;
    json::Writer writer;
    writer.begin_object().put("state", circuit.state).put("host", circuit.host).put("reason", circuit.reason);
    put_time(writer, "since", circuit.since);
    put_time(writer, "next_probe_at", circuit.next_probe);
    writer.end_object();
    facts.add("circuit", fmt::format("{} since {}: {}", circuit.state, facts.at(circuit.since), circuit.reason),
              writer.text());
  } else {
    facts.add("circuit", "closed: the provider answers", "null");
  }
  for (const BudgetEvidence& budget : evidence.budgets)
    facts.add("budget_" + budget.scope,
              fmt::format("calls of the {} rest until {}", budget.scope, facts.at(budget.until)),
              json_of(budget.until));
}

void add_channels(Facts& facts, const Evidence& evidence) {
  if (!evidence.channels) return;
  const ChannelEvidence& channels = *evidence.channels;
  json::Writer writer;
  writer.begin_object().put("wanted", channels.wanted).put("live", channels.live).put("silent", channels.silent);
  put_time(writer, "first_expiry", channels.first_expiry);
  channels.refusal.empty() ? writer.put_null("refusal") : writer.put("refusal", channels.refusal);
  writer.end_object();
  std::string words = fmt::format("{} of {} calendars are announced", channels.live, channels.wanted);
  if (channels.first_expiry) words += ", the first channel ends at " + facts.at(channels.first_expiry);
  if (!channels.refusal.empty()) words += "; refused: " + channels.refusal;
  facts.add("channels", std::move(words), writer.text());
  facts.add_time("last_push", evidence.last_push, "none");
}

void add_position(Facts& facts, const Evidence& evidence) {
  facts.add_time("token_expiry", evidence.token_expiry, "none");
  // Every success moves the cursor.
  facts.add("cursor",
            evidence.has_cursor ? "as old as the last success: " + facts.at(evidence.facts.last_synced_at)
                                : "none: the next run reads everything",
            evidence.has_cursor ? json_of(evidence.facts.last_synced_at) : "null");
  for (const CalendarEvidence& one : evidence.calendars)
    facts.add("calendar " + one.id, fmt::format("{}; last read at {}", one.error, facts.at(one.last_synced_at)),
              json_of(one.error));
  facts.add("failed_events", fmt::format("{} events are not understood", evidence.failed_events),
            json_of(evidence.failed_events));
  facts.add("quiet_runs", fmt::format("{} successful runs since the last line of the history", evidence.quiet_runs),
            json_of(evidence.quiet_runs));
  if (!evidence.told_at) return;
  const auto apart = std::chrono::floor<std::chrono::milliseconds>(*evidence.told_at - evidence.now).count();
  facts.add("clock", fmt::format("this machine's clock is {} ms from the database's", apart),
            json_of(static_cast<std::int64_t>(apart)));
}

}  // namespace

std::vector<Fact> facts_of(const Evidence& evidence, const GateSettings& gate) {
  Facts facts(evidence);
  add_gates(facts, evidence, gate);
  add_row(facts, evidence);
  add_queue(facts, evidence);
  add_limits(facts, evidence);
  add_position(facts, evidence);
  add_channels(facts, evidence);
  return facts.take();
}

}  // namespace calsync::sync
