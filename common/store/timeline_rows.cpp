// SPDX-License-Identifier: Apache-2.0
#include "common/base/json.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::store {
namespace {

sync::RunFigures read_figures(const json::Value& data) {
  sync::RunFigures run;
  run.sync_id = json::text_at(data, "sync_id");
  run.duration_ms = json::int_at(data, "duration_ms").value_or(0);
  run.items_ingested = json::int_at(data, "items_ingested").value_or(0);
  run.items_updated = json::int_at(data, "items_updated").value_or(0);
  run.items_deleted = json::int_at(data, "items_deleted").value_or(0);
  run.items_failed = json::int_at(data, "items_failed").value_or(0);
  run.provider_status = static_cast<int>(json::int_at(data, "provider_status").value_or(0));
  run.provider_request_id = json::text_at(data, "provider_request_id");
  run.quiet_before = json::int_at(data, "quiet_before").value_or(0);
  return run;
}

std::string object_text(const json::Value& data, std::string_view name) {
  const json::Value* object = json::object_at(data, name);
  return object ? json::dump(*object) : std::string();
}

sync::TimelineEntry read_entry(const db::Rows& rows, int row) {
  sync::TimelineEntry entry;
  entry.happened_at = rows.time(row, "happened_at").value_or(Time());
  entry.kind = rows.text(row, "kind");
  entry.what = rows.text(row, "what");
  entry.who = rows.text(row, "who");
  entry.detail = rows.text(row, "detail");
  const auto data = json::parse(rows.text(row, "data"));
  if (!data) return entry;
  if (entry.kind == "run") entry.run = read_figures(*data);
  if (entry.kind == "state") entry.before = json::text_at(*data, "from");
  if (entry.kind == "action") {
    entry.before = object_text(*data, "before");
    entry.after = object_text(*data, "after");
  }
  return entry;
}

}  // namespace

Task<std::optional<std::int64_t>> OperatorStore::quiet_runs(ConnectionId connection) {
  db::Values values{connection.str()};
  const db::Rows rows = co_await pool_.query(sql::connection_quiet_runs, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  co_return rows.number(0, "quiet_runs");
}

Task<TimelinePage> OperatorStore::timeline(ConnectionId connection, std::optional<Time> before, int limit) {
  db::Values values{connection.str(), db::to_value(before), std::to_string(limit)};
  const db::Rows rows = co_await pool_.query(sql::connection_timeline, std::move(values));
  TimelinePage page;
  for (int row = 0; row < rows.size(); ++row) page.entries.push_back(read_entry(rows, row));
  if (rows.size() >= limit) page.before = page.entries.back().happened_at;
  co_return page;
}

}  // namespace calsync::store
