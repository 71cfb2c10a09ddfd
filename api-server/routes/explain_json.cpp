// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/explain_json.hpp"

#include <fmt/format.h>

#include "api-server/routes/connection_json.hpp"

namespace calsync::api {
namespace {

constexpr int recent_changes = 20;
constexpr int recent_runs = 10;

std::optional<std::int64_t> milliseconds(const sync::RunEvidence& run) {
  if (!run.started_at || !run.finished_at) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(*run.finished_at - *run.started_at).count();
}

void put_time(json::Writer& writer, std::string_view name, const std::optional<Time>& time) {
  time ? writer.put(name, format_rfc3339(*time)) : writer.put_null(name);
}

void put_text(json::Writer& writer, std::string_view name, const std::string& text) {
  text.empty() ? writer.put_null(name) : writer.put(name, text);
}

void put_attempt(json::Writer& writer, const sync::RunEvidence& run) {
  writer.begin_object().put("sync_id", run.sync_id).put("outcome", run.outcome);
  put_time(writer, "finished_at", run.finished_at);
  writer.put("duration_ms", milliseconds(run));
  put_text(writer, "error", run.error);
  put_text(writer, "error_code", run.error.substr(0, run.error.find(':')));
  run.provider_status == 0 ? writer.put_null("provider_status") : writer.put("provider_status", run.provider_status);
  put_text(writer, "provider_request_id", run.provider_request_id);
  put_text(writer, "worker_id", run.worker);
  writer.put("items_ingested", run.ingested).put("items_updated", run.updated).put("items_deleted", run.deleted);
  writer.put("items_failed", run.failed).put("quiet_before", run.quiet_before).end_object();
}

std::string attempt_line(const sync::RunEvidence& run, Time now) {
  std::string line = fmt::format("  {}  {}", run.finished_at ? sync::moment(*run.finished_at, now) : "?", run.outcome);
  if (const auto took = milliseconds(run)) line += fmt::format(" in {} ms", *took);
  if (run.error.empty()) {
    line += fmt::format(", {} new, {} changed, {} deleted", run.ingested, run.updated, run.deleted);
  } else {
    line += ": " + run.error;
  }
  if (run.provider_status != 0) line += fmt::format("; the provider answered {}", run.provider_status);
  if (!run.provider_request_id.empty()) line += fmt::format(", request {}", run.provider_request_id);
  return line + "\n";
}

}  // namespace

store::ProviderHosts provider_hosts(const providers::Registry& registry) {
  store::ProviderHosts hosts;
  for (const std::string& name : registry.names()) hosts[name] = registry.find(name)->bounds.host;
  return hosts;
}

Task<Explained> gather(store::ConnectionStore& connections, db::Pool& pool, store::ProviderHosts hosts,
                       const Clock& clock, store::ConnectionView view) {
  const Time told_at = clock.now();
  store::EvidenceStore store(pool, std::move(hosts));
  Explained explained{view, co_await store.evidence(view, recent_runs), {}};
  explained.evidence.told_at = told_at;
  explained.changes = co_await connections.state_changes(view.facts.connection, recent_changes);
  co_return explained;
}

void put_explanation(json::Writer& writer, const sync::Evidence& evidence, const sync::GateSettings& gate) {
  const sync::Explanation told = sync::explain(evidence, gate);
  writer.begin_object().put("situation", told.situation).put("cause", sync::cause_name(told.cause));
  writer.put("reason", told.reason).put("error_owner", sync::owner_name(told.owner));
  put_text(writer, "action", told.action);
  writer.key("facts").begin_array();
  for (const sync::Fact& fact : sync::facts_of(evidence, gate))
    writer.begin_object().put("name", fact.name).put("words", fact.words).put_raw("value", fact.value).end_object();
  writer.end_array().key("attempts").begin_array();
  for (const sync::RunEvidence& run : evidence.runs) put_attempt(writer, run);
  writer.end_array().end_object();
}

void put_explained(json::Writer& writer, const Explained& explained, const sync::GateSettings& gate) {
  writer.begin_object().key("connection");
  put_connection(writer, explained.view, sync::explain(explained.evidence, gate));
  writer.key("explanation");
  put_explanation(writer, explained.evidence, gate);
  writer.key("state_changes");
  put_state_changes(writer, explained.changes);
  writer.end_object();
}

std::string explained_text(const Explained& explained, const sync::GateSettings& gate) {
  const sync::Evidence& evidence = explained.evidence;
  const sync::Explanation told = sync::explain(evidence, gate);
  std::string text = fmt::format("{}: {}\nwhat to do: {}\nwho can mend it: {}\n\n", told.situation, told.reason,
                                 told.action.empty() ? "nothing" : told.action, sync::owner_name(told.owner));
  for (const sync::Fact& fact : sync::facts_of(evidence, gate)) text += fmt::format("{}: {}\n", fact.name, fact.words);
  text += evidence.runs.empty() ? "\nno run has left a line yet\n" : "\nlatest runs:\n";
  for (const sync::RunEvidence& run : evidence.runs) text += attempt_line(run, evidence.now);
  return text;
}

}  // namespace calsync::api
