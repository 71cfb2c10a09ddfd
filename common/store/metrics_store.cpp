// SPDX-License-Identifier: Apache-2.0
#include "common/store/metrics_store.hpp"

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

Task<FleetFigures> read_fleet_figures(db::Pool& pool) {
  FleetFigures figures;
  const db::Rows queue = co_await pool.query(sql::metrics_queue, {});
  figures.due = queue.number(0, "due");
  figures.leased = queue.number(0, "leased");
  figures.backing_off = queue.number(0, "backing_off");
  figures.failed_events = queue.number(0, "failed_events");
  if (!queue.is_null(0, "freshness_seconds")) figures.freshness_seconds = queue.number(0, "freshness_seconds");
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
