// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/rate.hpp"

#include <algorithm>
#include <cmath>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }
Duration microseconds(double seconds) { return Duration(static_cast<std::int64_t>(std::nearbyint(seconds * 1e6))); }

bool blocked(const BucketRow& row, Time now) { return row.blocked_until && *row.blocked_until > now; }

/// calsync_bucket_level
double level(const BucketRow& row, const sync::BucketShape& shape, Time now) {
  return std::min(shape.burst, row.tokens + shape.per_second * std::max(0.0, seconds_of(now - row.updated_at)));
}

BucketRow first_take(const store::BucketAsk& ask, Time now) {
  const double granted = std::min(ask.want, ask.shape.burst);
  return {ask.name.scope,
          ask.name.key,
          ask.shape.burst - granted,
          ask.shape.per_second,
          ask.shape.burst,
          ask.want,
          granted,
          now,
          {}};
}

void take(BucketRow& row, const store::BucketAsk& ask, Time now) {
  const double has = level(row, ask.shape, now);
  row.per_second = ask.shape.per_second;
  row.burst = ask.shape.burst;
  row.wanted = ask.want;
  row.granted = blocked(row, now) ? 0 : std::max(0.0, std::min(ask.want, std::floor(has)));
  row.tokens = blocked(row, now) ? 0 : has - row.granted;
  row.updated_at = now;
}

Duration wait(const BucketRow& row, Time now) {
  if (blocked(row, now)) return *row.blocked_until - now;
  return row.tokens < 1 ? microseconds((1 - row.tokens) / row.per_second) : Duration(0);
}

/// {:.6f}, as the store sends numbers.
double sent(double number) { return sqlf::rounded(number, 6); }

CircuitRow stored(const sync::Circuit& circuit, Time now) {
  CircuitRow row;
  row.provider = circuit.provider;
  row.host = circuit.host;
  row.state = sync::circuit_state_name(circuit.state);
  row.reason = sqlf::parameter(circuit.reason);
  row.opened_at = now;
  row.changed_at = now;
  row.probe_at = now + circuit.probe_in;
  row.failed_probes = circuit.failed_probes;
  row.good_probes = circuit.good_probes;
  row.steady_per_second = sent(circuit.steady);
  row.connections = sqlf::rounded(circuit.connections, 0);
  return row;
}

}  // namespace

std::vector<store::BucketGrant> rate_take(Transaction& transaction, const std::vector<store::BucketAsk>& asks) {
  std::vector<store::BucketAsk> sorted = asks;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<store::BucketGrant> grants;
  for (const store::BucketAsk& ask : sorted) {
    const BucketRow* known = transaction.tables.buckets.find({ask.name.scope, ask.name.key});
    BucketRow row = known ? *known : first_take(ask, transaction.now);
    if (known) take(row, ask, transaction.now);
    grants.push_back({ask.name, std::nearbyint(row.granted), wait(row, transaction.now)});
    transaction.tables.buckets.put({row.scope, row.key}, std::move(row));
  }
  return grants;
}

void rate_block(Transaction& transaction, const store::BucketName& bucket, const sync::BucketShape& shape,
                Duration time) {
  const BucketRow* known = transaction.tables.buckets.find({bucket.scope, bucket.key});
  BucketRow row =
      known ? *known : BucketRow{bucket.scope,    bucket.key, 0, sent(shape.per_second), sent(shape.burst), 0, 0,
                                 transaction.now, {}};
  row.tokens = 0;
  row.updated_at = transaction.now;
  row.blocked_until = sqlf::greatest(row.blocked_until, Moment(transaction.now + time));
  transaction.tables.buckets.put({bucket.scope, bucket.key}, std::move(row));
}

bool rate_slot_take(Transaction& transaction, const store::Slot& slot) {
  auto& slots = transaction.tables.slots;
  std::vector<std::string> expired;
  int taken = 0;
  bool mine = false;
  for (const auto& [key, row] : slots.rows()) {
    if (row->scope != slot.room.scope || row->key != slot.room.key) continue;
    mine = mine || row->holder == slot.holder;
    if (row->until <= transaction.now && row->holder != slot.holder) {
      expired.push_back(row->holder);
    } else {
      ++taken;
    }
  }
  for (const std::string& holder : expired) slots.erase({slot.room.scope, slot.room.key, holder});
  if (!mine && taken >= slot.places) return false;
  slots.put({slot.room.scope, slot.room.key, slot.holder},
            {slot.room.scope, slot.room.key, slot.holder, transaction.now + std::chrono::seconds(slot.seconds)});
  return true;
}

void rate_slot_leave(Transaction& transaction, const store::Slot& slot) {
  transaction.tables.slots.erase({slot.room.scope, slot.room.key, slot.holder});
}

std::vector<sync::Circuit> circuits_load(Transaction& transaction) {
  const Time now = transaction.now;
  std::vector<sync::Circuit> circuits;
  for (const auto& [key, row] : transaction.tables.circuits.rows()) {
    if (row->state == "closed" && row->changed_at <= now - std::chrono::hours(1)) continue;
    sync::Circuit one;
    one.provider = row->provider;
    one.host = row->host;
    one.state = sync::parse_circuit_state(row->state);
    one.age = now - row->changed_at;
    one.away_for = now - row->opened_at;
    one.probe_in = row->probe_at - now;
    one.failed_probes = row->failed_probes;
    one.good_probes = row->good_probes;
    one.steady = sqlf::rounded(row->steady_per_second, 6);
    one.connections = std::nearbyint(row->connections);
    one.reason = row->reason;
    one.version = row->version;
    circuits.push_back(std::move(one));
  }
  return circuits;
}

bool circuit_save(Transaction& transaction, const sync::Circuit& circuit) {
  const CircuitRow* known = transaction.tables.circuits.find({circuit.provider, circuit.host});
  if (!known && circuit.version != 0) return false;
  const bool anew = circuit.version == 0 && known && known->state == "closed";
  if (known && known->version != circuit.version && !anew) return false;
  CircuitRow row = stored(circuit, transaction.now);
  if (known) {
    row.version = known->version + 1;
    if (known->state != "closed") row.opened_at = known->opened_at;
    if (known->state == row.state) row.changed_at = known->changed_at;
  }
  transaction.tables.circuits.put({circuit.provider, circuit.host}, std::move(row));
  return true;
}

store::Steady circuit_steady(Transaction& transaction, const std::string& provider) {
  store::Steady steady;
  for (const auto& [id, row] : transaction.tables.connections.rows()) {
    if (row->provider != provider || !row->sync_enabled) continue;
    steady.connections += 1;
    steady.per_second += 1 / (60.0 * row->sync_frequency_minutes);
  }
  steady.per_second = sqlf::rounded(steady.per_second, 6);
  return steady;
}

std::size_t rate_prune(Transaction& transaction) {
  std::vector<OfConnection> old;
  for (const auto& [key, row] : transaction.tables.buckets.rows()) {
    const bool open = !row->blocked_until || *row->blocked_until < transaction.now;
    if (row->updated_at < transaction.now - std::chrono::days(1) && open) old.push_back(key);
  }
  for (const OfConnection& key : old) transaction.tables.buckets.erase(key);
  return old.size();
}

std::size_t rate_slots_prune(Transaction& transaction) {
  std::vector<std::tuple<std::string, std::string, std::string>> old;
  for (const auto& [key, row] : transaction.tables.slots.rows()) {
    if (row->until < transaction.now - std::chrono::hours(1)) old.push_back(key);
  }
  for (const auto& key : old) transaction.tables.slots.erase(key);
  return old.size();
}

}  // namespace calsync::simulation::statements
