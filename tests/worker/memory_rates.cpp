// SPDX-License-Identifier: Apache-2.0
#include "memory_rates.hpp"

#include <algorithm>
#include <cmath>

namespace calsync::testing {

Task<std::vector<store::BucketGrant>> MemoryRates::take(std::vector<store::BucketAsk> asks) {
  ++asked;
  co_await clock_.sleep(std::chrono::milliseconds(1));
  const Duration now = clock_.monotonic();
  std::vector<store::BucketGrant> grants;
  for (const store::BucketAsk& ask : asks) {
    Bucket& bucket = buckets_.try_emplace(ask.name, Bucket{ask.shape.burst, now, Duration(0)}).first->second;
    if (bucket.blocked_until > now) {
      bucket.tokens = 0;
      bucket.updated = now;
      grants.push_back({ask.name, 0, bucket.blocked_until - now});
      continue;
    }
    const double level = sync::level_after(ask.shape, bucket.tokens, now - bucket.updated);
    const double granted = std::max(0.0, std::min(ask.want, std::floor(level)));
    bucket.tokens = level - granted;
    bucket.updated = now;
    grants.push_back({ask.name, granted, sync::until_next(ask.shape, bucket.tokens)});
  }
  co_return grants;
}

Task<void> MemoryRates::block(store::BucketName bucket, sync::BucketShape, Duration time) {
  Bucket& own = buckets_[bucket];
  own.tokens = 0;
  own.updated = clock_.monotonic();
  own.blocked_until = std::max(own.blocked_until, clock_.monotonic() + time);
  co_return;
}

Task<bool> MemoryRates::enter(store::Slot slot) {
  const Duration now = clock_.monotonic();
  std::map<std::string, Duration>& room = rooms_[slot.room];
  std::erase_if(room, [&](const auto& one) { return one.second <= now && one.first != slot.holder; });
  if (!room.contains(slot.holder) && room.size() >= static_cast<std::size_t>(slot.places)) co_return false;
  room[slot.holder] = now + std::chrono::seconds(slot.seconds);
  co_return true;
}

Task<void> MemoryRates::leave(store::Slot slot) {
  rooms_[slot.room].erase(slot.holder);
  co_return;
}

Task<std::vector<sync::Circuit>> MemoryCircuits::circuits() {
  const Duration now = clock_.monotonic();
  std::vector<sync::Circuit> all;
  for (const auto& [name, row] : rows_) {
    sync::Circuit circuit = row.circuit;
    circuit.age = now - row.changed;
    circuit.away_for = now - row.opened;
    circuit.probe_in = row.probe - now;
    all.push_back(circuit);
  }
  co_return all;
}

Task<bool> MemoryCircuits::save(sync::Circuit circuit) {
  const Duration now = clock_.monotonic();
  const auto [found, added] = rows_.try_emplace({circuit.provider, circuit.host});
  Row& row = found->second;
  const bool anew = circuit.version == 0 && row.circuit.state == sync::CircuitState::closed;
  if (!added && circuit.version != row.circuit.version && !anew) co_return false;
  if (added || row.circuit.state == sync::CircuitState::closed) row.opened = now;
  if (added || row.circuit.state != circuit.state) row.changed = now;
  row.probe = now + circuit.probe_in;
  const std::int64_t version = row.circuit.version + 1;
  row.circuit = std::move(circuit);
  row.circuit.version = version;
  co_return true;
}

Task<store::Steady> MemoryCircuits::steady(std::string) { co_return rate; }

}  // namespace calsync::testing
