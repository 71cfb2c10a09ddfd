// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/memory_stores.hpp"
#include "tests/simulation/database/statements/mirror.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view fence_fallen = "CL001";

/// One transaction that begins with the fence. False = it has fallen and nothing was written.
template <class Write>
Task<bool> write_fenced(Session& session, std::string_view name, const sync::Claim& claim,
                        std::optional<std::int64_t> edit_seq, Write write) {
  const auto work = [&](Transaction& one) {
    try {
      statements::queue_fence(one, claim, edit_seq);
    } catch (const db::DatabaseError& error) {
      if (error.sqlstate() != fence_fallen) throw;
      return false;
    }
    write(one);
    return true;
  };
  co_return co_await session.run(name, work);
}

}  // namespace

Task<sync::Mirror> MemoryMirror::known(ConnectionId connection, std::string calendar_id) {
  co_return co_await session_.run(
      "mirror_known", [&](Transaction& one) { return statements::mirror_known(one, connection.str(), calendar_id); });
}

Task<sync::Mirror> MemoryMirror::known(ConnectionId connection, std::string calendar_id,
                                       std::vector<std::string> event_ids) {
  co_return co_await session_.run("mirror_known_of", [&](Transaction& one) {
    return statements::mirror_known_of(one, connection.str(), calendar_id, event_ids);
  });
}

Task<bool> MemoryMirror::settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) {
  if (settlement.cursor) settlement.cursor = session_.written(*settlement.cursor);
  co_return co_await write_fenced(session_, "mirror_settle", claim, std::nullopt, [&](Transaction& one) {
    statements::mirror_rows(one, claim, rows);
    statements::queue_settle(one, {settlement}, session_.identity().id);
  });
}

Task<bool> MemoryMirror::checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) {
  cursor = session_.written(std::move(cursor));
  co_return co_await write_fenced(session_, "mirror_checkpoint", claim, claim.edit_seq, [&](Transaction& one) {
    statements::mirror_rows(one, claim, rows);
    statements::queue_checkpoint(one, claim, cursor, seconds);
  });
}

Task<bool> MemoryMirror::stage(sync::Claim claim, sync::StagedRead read, sync::StagedBatch batch, int seconds) {
  co_return co_await write_fenced(session_, "mirror_stage", claim, claim.edit_seq, [&](Transaction& one) {
    statements::staged_batch(one, claim, read, batch);
    statements::queue_extend(one, claim.connection.str(), claim.lease_token, claim.edit_seq, seconds);
  });
}

Task<std::optional<sync::Counts>> MemoryMirror::flip(sync::Claim claim, sync::RunRows rows, sync::StagedRead read,
                                                     std::string cursor, int seconds) {
  sync::Counts counts;
  cursor = session_.written(std::move(cursor));
  const bool written = co_await write_fenced(session_, "mirror_flip", claim, claim.edit_seq, [&](Transaction& one) {
    statements::staged_check(one, claim, read);
    statements::mirror_rows(one, claim, rows);
    counts = statements::mirror_flip(one, claim.connection.str(), read.calendar_id, read.rezoned);
    statements::staged_discard(one, claim.connection.str(), read.calendar_id);
    statements::queue_checkpoint(one, claim, cursor, seconds);
  });
  co_return written ? std::optional(counts) : std::nullopt;
}

}  // namespace calsync::simulation
