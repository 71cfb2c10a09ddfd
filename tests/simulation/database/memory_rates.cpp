// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/memory_stores.hpp"
#include "tests/simulation/database/statements/rate.hpp"

namespace calsync::simulation {

using namespace statements;

Task<std::vector<store::BucketGrant>> MemoryRates::take(std::vector<store::BucketAsk> asks) {
  co_return co_await session_.run("rate_take", [&](Transaction& one) { return rate_take(one, asks); });
}

Task<void> MemoryRates::block(store::BucketName bucket, sync::BucketShape shape, Duration time) {
  co_await session_.run("rate_block", [&](Transaction& one) { rate_block(one, bucket, shape, time); });
}

Task<bool> MemoryRates::enter(store::Slot slot) {
  co_return co_await session_.run("rate_slot_take", [&](Transaction& one) { return rate_slot_take(one, slot); });
}

Task<void> MemoryRates::leave(store::Slot slot) {
  co_await session_.run("rate_slot_leave", [&](Transaction& one) { rate_slot_leave(one, slot); });
}

Task<std::vector<sync::Circuit>> MemoryCircuits::circuits() {
  co_return co_await session_.run("circuits_load", circuits_load);
}

Task<bool> MemoryCircuits::save(sync::Circuit circuit) {
  co_return co_await session_.run("circuit_save", [&](Transaction& one) { return circuit_save(one, circuit); });
}

Task<store::Steady> MemoryCircuits::steady(std::string provider) {
  co_return co_await session_.run("circuit_steady", [&](Transaction& one) { return circuit_steady(one, provider); });
}

}  // namespace calsync::simulation
