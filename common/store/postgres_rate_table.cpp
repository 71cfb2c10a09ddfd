// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_rate_table.hpp"

#include <fmt/format.h>

#include "common/base/json.hpp"

namespace calsync::store {
namespace {

constexpr double micro = 1e6;

std::string seconds_text(Duration duration) {
  return fmt::format("{:.6f}", std::chrono::duration<double>(duration).count());
}

std::string asks_json(const std::vector<BucketAsk>& asks) {
  json::Writer writer;
  writer.begin_array();
  for (const BucketAsk& ask : asks) {
    writer.begin_object()
        .put("scope", ask.name.scope)
        .put("key", ask.name.key)
        .put("want", ask.want)
        .put("per_second", ask.shape.per_second)
        .put("burst", ask.shape.burst)
        .end_object();
  }
  writer.end_array();
  return writer.text();
}

sync::Circuit read_circuit(const db::Rows& rows, int row) {
  sync::Circuit circuit;
  circuit.provider = rows.text(row, "provider");
  circuit.host = rows.text(row, "host");
  circuit.state = sync::parse_circuit_state(rows.text(row, "state"));
  circuit.age = Duration(rows.number(row, "age"));
  circuit.away_for = Duration(rows.number(row, "away_for"));
  circuit.probe_in = Duration(rows.number(row, "probe_in"));
  circuit.failed_probes = static_cast<int>(rows.number(row, "failed_probes"));
  circuit.good_probes = static_cast<int>(rows.number(row, "good_probes"));
  circuit.steady = static_cast<double>(rows.number(row, "steady")) / micro;
  circuit.connections = static_cast<double>(rows.number(row, "connections"));
  circuit.reason = rows.text(row, "reason");
  circuit.version = rows.number(row, "version");
  return circuit;
}

}  // namespace

Task<std::vector<BucketGrant>> PostgresRateTable::take(std::vector<BucketAsk> asks) {
  db::Values values{asks_json(asks)};
  const db::Rows rows = co_await pool_.query(sql::rate_take, std::move(values));
  std::vector<BucketGrant> grants;
  for (int row = 0; row < rows.size(); ++row) {
    grants.push_back({{std::string(rows.text(row, "scope")), std::string(rows.text(row, "key"))},
                      static_cast<double>(rows.number(row, "granted")),
                      Duration(rows.number(row, "wait"))});
  }
  co_return grants;
}

Task<void> PostgresRateTable::block(BucketName bucket, sync::BucketShape shape, Duration time) {
  db::Values values{bucket.scope, bucket.key, fmt::format("{:.6f}", shape.per_second),
                    fmt::format("{:.6f}", shape.burst), seconds_text(time)};
  co_await pool_.query(sql::rate_block, std::move(values));
}

Task<bool> PostgresRateTable::enter(Slot slot) {
  db::Values values{slot.room.scope, slot.room.key, slot.holder, std::to_string(slot.places),
                    std::to_string(slot.seconds)};
  const db::Rows rows = co_await pool_.query(sql::rate_slot_take, std::move(values));
  co_return rows.flag(0, "taken");
}

Task<void> PostgresRateTable::leave(Slot slot) {
  db::Values values{slot.room.scope, slot.room.key, slot.holder};
  co_await pool_.query(sql::rate_slot_leave, std::move(values));
}

Task<std::vector<sync::Circuit>> PostgresCircuitTable::circuits() {
  const db::Rows rows = co_await pool_.query(sql::circuits_load, {});
  std::vector<sync::Circuit> circuits;
  for (int row = 0; row < rows.size(); ++row) circuits.push_back(read_circuit(rows, row));
  co_return circuits;
}

Task<bool> PostgresCircuitTable::save(sync::Circuit circuit) {
  db::Values values{circuit.provider,
                    circuit.host,
                    std::string(sync::circuit_state_name(circuit.state)),
                    circuit.reason,
                    seconds_text(circuit.probe_in),
                    std::to_string(circuit.failed_probes),
                    std::to_string(circuit.good_probes),
                    fmt::format("{:.6f}", circuit.steady),
                    fmt::format("{:.0f}", circuit.connections),
                    std::to_string(circuit.version)};
  const db::Rows rows = co_await pool_.query(sql::circuit_save, std::move(values));
  co_return !rows.empty();
}

Task<Steady> PostgresCircuitTable::steady(std::string provider) {
  db::Values values{std::move(provider)};
  const db::Rows rows = co_await pool_.query(sql::circuit_steady, std::move(values));
  co_return Steady{static_cast<double>(rows.number(0, "connections")),
                   static_cast<double>(rows.number(0, "steady")) / micro};
}

}  // namespace calsync::store
