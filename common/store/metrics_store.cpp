// SPDX-License-Identifier: Apache-2.0
#include "common/store/metrics_store.hpp"

#include <algorithm>
#include <charconv>

#include "common/async/deadline.hpp"
#include "common/base/json.hpp"

namespace calsync::store {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::chrono::milliseconds look_again{5};

std::string rows_json(const MetricRows& rows) {
  json::Writer writer;
  writer.begin_array();
  for (const MetricRow& row : rows) {
    writer.begin_object().put("name", row.name).key("labels").begin_object();
    for (const auto& [name, value] : row.labels) writer.put(name, value);
    writer.end_object().put("value", row.value).end_object();
  }
  writer.end_array();
  return writer.text();
}

MetricLabels read_labels(std::string_view text) {
  MetricLabels labels;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return labels;
  for (const auto& [name, value] : parsed->GetObject()) {
    if (value.IsString()) labels.emplace(name.GetString(), std::string(value.GetString(), value.GetStringLength()));
  }
  return labels;
}

double read_number(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

db::Value maybe_array(const std::optional<std::vector<std::string>>& ids) {
  return ids ? db::Value(db::array_literal(*ids)) : db::Value();
}

db::Value boolean(bool flag) { return flag ? "true" : "false"; }

/// One provider's connections in one state.
void add_connections(FleetFigures& figures, const db::Rows& rows, int row) {
  const std::string provider(rows.text(row, "provider"));
  figures.due += rows.number(row, "due");
  figures.leased += rows.number(row, "leased");
  figures.backing_off += rows.number(row, "backing_off");
  figures.connections[{provider, std::string(rows.text(row, "state"))}] += rows.number(row, "connections");
  figures.expected[provider] += rows.number(row, "expected");
  figures.stale[{provider, std::string(rows.text(row, "owner"))}] += rows.number(row, "stale");
  figures.grants_overdue[provider] += rows.number(row, "grants_overdue");
  std::int64_t& oldest = figures.oldest_due_seconds[provider];
  oldest = std::max(oldest, rows.number(row, "oldest_due_seconds"));
  if (rows.is_null(row, "freshness_seconds")) return;
  const std::int64_t age = rows.number(row, "freshness_seconds");
  figures.freshness_seconds = std::max(figures.freshness_seconds.value_or(age), age);
}

}  // namespace

Task<void> PostgresMetricsTable::add(MetricBatch batch) {
  db::Values values{batch.process, std::to_string(batch.number), rows_json(batch.growth)};
  co_await pool_.query(sql::metrics_add, std::move(values));
}

Task<MetricRows> read_metrics(db::Pool& pool) {
  const db::Rows rows = co_await pool.query(sql::metrics_totals, {});
  MetricRows totals;
  for (int row = 0; row < rows.size(); ++row) {
    totals.push_back({std::string(rows.text(row, "name")), read_labels(rows.text(row, "labels")),
                      read_number(rows.text(row, "value"))});
  }
  co_return totals;
}

FleetView make_view(const sync::GateSettings& gate, const KeyRing& keys, std::vector<std::string> providers) {
  FleetView view;
  view.providers = std::move(providers);
  if (!gate.owners.everybody) view.owners.emplace(gate.owners.ids.begin(), gate.owners.ids.end());
  if (!gate.connections.everybody) view.connections.emplace(gate.connections.ids.begin(), gate.connections.ids.end());
  view.syncing = gate.on(sync::Flag::sync);
  view.polling = view.syncing && gate.on(sync::Flag::jobs);
  view.first_key = keys.active_key();
  view.other_keys = keys.other_keys();
  return view;
}

Task<FleetFigures> read_fleet_figures(db::Pool& pool, FleetView view) {
  FleetFigures figures;
  // Shown from zero, so that an alert on them can tell "none" from "not known".
  for (const std::string& provider : view.providers) {
    figures.expected[provider] = figures.oldest_due_seconds[provider] = figures.grants_overdue[provider] = 0;
    for (const char* owner : {"operator", "provider"}) figures.stale[{provider, owner}] = 0;
  }
  for (const char* place : {"first", "other", "missing"}) figures.sealed[place] = 0;
  db::Values scope{db::array_literal(view.providers), maybe_array(view.owners), maybe_array(view.connections),
                   boolean(view.polling), boolean(view.syncing)};
  const db::Rows connections = co_await pool.query(sql::metrics_connections, std::move(scope));
  for (int row = 0; row < connections.size(); ++row) add_connections(figures, connections, row);
  db::Values ring{view.first_key, view.other_keys};
  const db::Rows sealed = co_await pool.query(sql::metrics_sealed, std::move(ring));
  for (int row = 0; row < sealed.size(); ++row)
    figures.sealed[std::string(sealed.text(row, "place"))] = sealed.number(row, "secrets");
  const db::Rows upkeep = co_await pool.query(sql::metrics_upkeep, {});
  figures.failed_events = upkeep.number(0, "failed_events");
  figures.workers_alive = upkeep.number(0, "workers_alive");
  const db::Rows channels = co_await pool.query(sql::metrics_push_channels, {});
  for (int row = 0; row < channels.size(); ++row)
    figures.push_channels.emplace(channels.text(row, "state"), channels.number(row, "channels"));
  const db::Rows circuits = co_await pool.query(sql::metrics_circuits, {});
  for (int row = 0; row < circuits.size(); ++row) {
    figures.circuits.emplace(std::pair(circuits.text(row, "provider"), circuits.text(row, "state")),
                             circuits.number(row, "circuits"));
  }
  co_return figures;
}

Task<void> MetricsFlusher::add_growth() {
  for (;;) {
    if (batch_.growth.empty()) {
      batch_.growth = metrics_.growth();
      if (batch_.growth.empty()) co_return;
      ++batch_.number;
    }
    co_await table_.add(batch_);
    metrics_.acknowledge(batch_.growth);
    batch_.growth.clear();
  }
}

Task<bool> MetricsFlusher::flush(Deadline deadline) {
  // One at a time: when this returns true, nothing is on its way that a reader of the totals would miss.
  while (busy_) {
    if (deadline.passed(clock_)) co_return false;
    co_await clock_.sleep(look_again);
  }
  busy_ = true;
  bool flushed = false;
  try {
    Task<void> work = add_growth();
    flushed = co_await race_deadline(clock_, deadline, std::move(work)) == DeadlineOutcome::finished;
  } catch (const db::DatabaseError&) {
    // Others say that the database is away; the growth waits.
  } catch (...) {
    busy_ = false;
    throw;
  }
  busy_ = false;
  co_return flushed;
}

Task<void> MetricsFlusher::serve() {
  for (;;) {
    co_await clock_.sleep(interval_);
    co_await flush(Deadline(clock_, patience));
  }
}

}  // namespace calsync::store
