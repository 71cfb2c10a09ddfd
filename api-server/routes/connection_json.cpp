// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/connection_json.hpp"

namespace calsync::api {
namespace {

void put_time(json::Writer& writer, std::string_view name, const std::optional<Time>& time) {
  time ? writer.put(name, format_rfc3339(*time)) : writer.put_null(name);
}

void put_text(json::Writer& writer, std::string_view name, const std::string& text) {
  text.empty() ? writer.put_null(name) : writer.put(name, text);
}

/// Known where the last run found this state, or where it is a matter of time.
std::optional<Time> since(const store::ConnectionView& view, const std::string& state) {
  if (state == view.settled_state) return view.settled_since ? view.settled_since : view.facts.created_at;
  const bool late = state == "delayed" && view.facts.error_count == 0 && !view.facts.backoff_until;
  return late ? sync::late_since(view.facts, view.now) : std::nullopt;
}

}  // namespace

void put_state_changes(json::Writer& writer, const std::vector<store::StateChangeRow>& changes) {
  writer.begin_array();
  for (const store::StateChangeRow& one : changes) {
    writer.begin_object().put("from", one.from).put("to", one.to);
    put_text(writer, "reason", one.reason);
    put_time(writer, "changed_at", one.changed_at);
    writer.end_object();
  }
  writer.end_array();
}

void put_connection(json::Writer& writer, const store::ConnectionView& view, const sync::GateSettings& gate) {
  put_connection(writer, view, sync::explain(view.facts, gate, view.now));
}

void put_connection(json::Writer& writer, const store::ConnectionView& view, const sync::Explanation& explanation) {
  const sync::ConnectionFacts& facts = view.facts;
  writer.begin_object()
      .put("id", facts.connection.str())
      .put("provider_id", facts.owner.str())
      .put("provider", view.provider);
  put_text(writer, "provider_email", view.provider_email);
  const std::string state(sync::state_name(sync::derive_state(facts, view.now)));
  writer.put("state", state);
  put_time(writer, "state_since", since(view, state));
  put_time(writer, "recovered_at", view.recovered_at);
  writer.put("error_owner", sync::owner_name(sync::error_owner(facts, view.now)))
      .put("situation", explanation.situation)
      .put("reason", explanation.reason);
  put_text(writer, "suggested_action", explanation.action);
  writer.put("sync_enabled", facts.sync_enabled)
      .put("sync_needed", facts.sync_needed)
      .put("awaiting_confirmation", facts.awaiting_confirmation);
  put_time(writer, "last_synced_at", facts.last_synced_at);
  put_time(writer, "next_sync_at", facts.due_at);
  writer.key("age_seconds");
  facts.last_synced_at ? writer.value(static_cast<std::int64_t>(
                             std::chrono::floor<std::chrono::seconds>(view.now - *facts.last_synced_at).count()))
                       : writer.null();
  writer.put("error_count", facts.error_count);
  put_text(writer, "last_error", facts.last_error);
  put_time(writer, "backoff_until", facts.backoff_until);
  put_time(writer, "token_expiry", view.token_expiry);
  writer.put("sync_frequency_minutes", facts.sync_frequency_minutes).put("failed_events", view.failed_events);
  put_time(writer, "created_at", facts.created_at);
  writer.end_object();
}

}  // namespace calsync::api
