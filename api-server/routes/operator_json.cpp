// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/operator_json.hpp"

namespace calsync::api {
namespace {

void put_time(json::Writer& writer, std::string_view name, const std::optional<Time>& time) {
  time ? writer.put(name, format_rfc3339(*time)) : writer.put_null(name);
}

void put_text(json::Writer& writer, std::string_view name, const std::string& text) {
  text.empty() ? writer.put_null(name) : writer.put(name, text);
}

void put_object(json::Writer& writer, std::string_view name, const std::string& object) {
  object.empty() ? writer.put_null(name) : writer.put_raw(name, object);
}

void put_counts(json::Writer& writer, std::string_view name, const std::map<std::string, std::int64_t>& counts) {
  writer.key(name).begin_object();
  for (const auto& [key, count] : counts) writer.put(key, count);
  writer.end_object();
}

void put_run(json::Writer& writer, const sync::RunFigures& run) {
  writer.key("run").begin_object().put("sync_id", run.sync_id).put("duration_ms", run.duration_ms);
  writer.put("items_ingested", run.items_ingested).put("items_updated", run.items_updated);
  writer.put("items_deleted", run.items_deleted).put("items_failed", run.items_failed);
  run.provider_status > 0 ? writer.put("provider_status", run.provider_status) : writer.put_null("provider_status");
  put_text(writer, "provider_request_id", run.provider_request_id);
  writer.end_object();
}

}  // namespace

void put_line(json::Writer& writer, const store::ConnectionLine& line, Time now) {
  const sync::ConnectionFacts& facts = line.facts;
  const bool leased = facts.lease_until && *facts.lease_until > now;
  writer.begin_object().put("id", facts.connection.str()).put("provider_id", facts.owner.str());
  put_text(writer, "owner_email", line.owner_email);
  writer.put("provider", line.provider);
  put_text(writer, "provider_email", line.provider_email);
  writer.put("state", line.state).put("error_owner", sync::owner_name(sync::error_owner(facts, now)));
  writer.put("sync_enabled", facts.sync_enabled).put("sync_needed", facts.sync_needed);
  put_time(writer, "last_synced_at", facts.last_synced_at);
  put_time(writer, "next_sync_at", facts.due_at);
  writer.put("due", !leased && facts.due_at && *facts.due_at <= now).put("leased", leased);
  put_text(writer, "leased_by", leased ? line.lease_owner : std::string());
  put_time(writer, "backoff_until", facts.backoff_until);
  writer.put("error_count", facts.error_count);
  put_text(writer, "error_code", line.error_code);
  put_text(writer, "last_error", facts.last_error);
  writer.put("failing_calendars", facts.failing_calendars).put("failed_events", line.failed_events);
  writer.put("channel_dead", line.channel_dead).put("sync_frequency_minutes", facts.sync_frequency_minutes);
  put_time(writer, "created_at", facts.created_at);
  writer.end_object();
}

void put_preview(json::Writer& writer, const store::Preview& preview) {
  writer.put("count", preview.count);
  put_counts(writer, "by_provider", preview.by_provider);
  put_counts(writer, "by_state", preview.by_state);
  writer.key("first").begin_array();
  for (const ConnectionId& id : preview.first) writer.value(id.str());
  writer.end_array();
}

void put_folded(json::Writer& writer, const sync::FoldedEntry& folded) {
  const sync::TimelineEntry& entry = folded.entry;
  writer.begin_object().put("kind", entry.kind).put("what", entry.what);
  put_text(writer, "who", entry.who);
  put_text(writer, "detail", entry.detail);
  writer.put("count", folded.count);
  writer.put("first_at", format_rfc3339(folded.first)).put("last_at", format_rfc3339(folded.last));
  if (entry.run) put_run(writer, *entry.run);
  if (entry.kind == "state") put_text(writer, "from", entry.before);
  if (entry.kind == "action") {
    put_object(writer, "before", entry.before);
    put_object(writer, "after", entry.after);
  }
  writer.end_object();
}

void put_failed_event(json::Writer& writer, const store::FailedEvent& event) {
  writer.begin_object().put("id", event.id).put("connection_id", event.connection.str());
  writer.put("provider_id", event.owner.str()).put("provider", event.provider);
  writer.put("external_calendar_id", event.external_calendar_id).put("external_event_id", event.external_event_id);
  put_text(writer, "last_error", event.last_error);
  put_time(writer, "updated_at", event.updated_at);
  writer.end_object();
}

void put_audit_line(json::Writer& writer, const store::AuditLine& line) {
  writer.begin_object().put("id", line.id);
  put_time(writer, "happened_at", line.happened_at);
  writer.put("actor", line.actor).put("actor_kind", line.actor_kind).put("action", line.action);
  put_text(writer, "connection_id", line.connection);
  put_text(writer, "provider_id", line.owner);
  put_text(writer, "reason", line.reason);
  put_object(writer, "before", line.before);
  put_object(writer, "after", line.after);
  writer.end_object();
}

void put_job_line(json::Writer& writer, const store::JobRunLine& line) {
  writer.begin_object().put("run_id", line.id.str()).put("run_by", line.requested_by);
  put_object(writer, "scope", line.scope);
  writer.put("status", line.finished_at ? "finished" : "running");
  put_time(writer, "created_at", line.created_at);
  put_time(writer, "finished_at", line.finished_at);
  writer.put("connections_marked", line.marked).put("connections_processed", line.processed);
  writer.put("connections_succeeded", line.succeeded).put("connections_failed", line.failed);
  writer.put("url", "/api/admin/calendar/jobs/" + line.id.str()).end_object();
}

void put_bulk(json::Writer& writer, const store::BulkView& bulk) {
  writer.begin_object().put("bulk_id", bulk.id).put("action", bulk.action).put("state", bulk.state);
  put_object(writer, "filter", bulk.filter);
  writer.put("run_by", bulk.actor).put("reason", bulk.reason).put("minutes", bulk.minutes).put("cap", bulk.cap);
  writer.put("matched", bulk.matched).put("touched", bulk.touched).put("skipped", bulk.skipped);
  put_text(writer, "note", bulk.note);
  put_text(writer, "stopped_by", bulk.stopped_by);
  put_time(writer, "created_at", bulk.created_at);
  put_time(writer, "finished_at", bulk.finished_at);
  writer.put("url", "/api/admin/calendar/bulk/" + bulk.id).end_object();
}

}  // namespace calsync::api
