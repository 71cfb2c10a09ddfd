// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/process_view.hpp"
#include "tests/simulation/database/statements/rate.hpp"
#include "tests/simulation/database/statements/upkeep.hpp"

namespace calsync::simulation {
namespace {

constexpr int portions = 50;
constexpr int channel_days = 1;

/// In portions, as the store does it.
template <class Prune>
Task<void> prune_portions(Session& session, std::string_view name, int days, Prune prune) {
  for (int portion = 0; portion < portions; ++portion) {
    const std::size_t gone = co_await session.run(name, [&](Transaction& one) { return prune(one, days); });
    if (gone == 0) co_return;
  }
}

}  // namespace

using namespace statements;

Task<store::CredentialTable::Stored> MemoryCredentials::read(ConnectionId connection) {
  co_return co_await session_.run("queue_credentials",
                                  [&](Transaction& one) { return queue_credentials(one, connection.str()); });
}

Task<bool> MemoryCredentials::replace(ConnectionId connection, std::int64_t lease_token,
                                      std::vector<store::SealedCredential> credentials, std::optional<Time> expiry) {
  co_return co_await session_.run("queue_store_tokens", [&](Transaction& one) {
    return queue_store_tokens(one, connection.str(), lease_token, expiry, credentials);
  });
}

Task<std::vector<store::PendingRevocation>> MemoryRevocations::due() {
  co_await session_.run("revocations_superseded", [](Transaction& one) { revocations_superseded(one); });
  co_return co_await session_.run("revocations_due", [](Transaction& one) { return revocations_due(one); });
}

Task<void> MemoryRevocations::failed(std::string id, std::string reason, std::optional<std::chrono::seconds> pause) {
  co_await session_.run("revocation_failed", [&](Transaction& one) { revocation_failed(one, id, reason, pause); });
}

Task<void> MemoryRevocations::done(std::string id) {
  co_await session_.run("revocation_done", [&](Transaction& one) { revocation_done(one, id); });
}

Task<std::optional<std::string>> MemoryGates::load(std::string component) {
  co_return co_await session_.run("gate_load", [&](Transaction& one) { return gate_load(one, component); });
}

Task<void> MemoryGates::save(std::string component, std::string state) {
  co_await session_.run("gate_save", [&](Transaction& one) { gate_save(one, component, state); });
}

Task<store::GateTable::Portion> MemoryGates::mark(Ids owners, Ids connections, std::string after) {
  const std::vector<std::string> ids = co_await session_.run("gate_admitted_connections", [&](Transaction& one) {
    return gate_admitted_connections(one, owners, connections, after);
  });
  if (ids.empty()) co_return Portion{};
  co_await session_.run("connections_wake", [&](Transaction& one) { connections_wake(one, ids); });
  co_return Portion{static_cast<int>(ids.size()), ids.back()};
}

Task<void> MemoryMetrics::add(store::MetricBatch batch) {
  co_await session_.run("metrics_add", [&](Transaction& one) { metrics_add(one, batch); });
}

Task<void> ProcessView::require_schema() {
  co_await session_.run("schema_highest", [](Transaction&) {});
}

Task<void> ProcessView::listen(std::function<void()> woken) {
  co_await session_.link().request("queue_listen");
  MemoryDatabase::Listener listener(session_.database(), session_.identity().id, co_await asio::this_coro::executor);
  co_await session_.link().reply("queue_listen");
  for (;;) {
    co_await listener.wait();
    // A notification is a message of the server's own.
    co_await session_.link().reply("calsync_wake");
    woken();
  }
}

Task<void> ProcessView::prune(store::Retention retention) {
  co_await prune_portions(session_, "mirror_prune", retention.tombstone_days, mirror_prune);
  co_await prune_portions(session_, "staged_prune", 0, [](Transaction& one, int) { return staged_prune(one); });
  co_await prune_portions(session_, "runs_prune", retention.run_days, runs_prune);
  co_await prune_portions(session_, "connection_states_prune", retention.run_days, connection_states_prune);
  co_await prune_portions(session_, "job_runs_prune", retention.run_days, job_runs_prune);
  co_await session_.run("oauth_flows_prune", oauth_flows_prune);
  co_await prune_portions(session_, "push_channels_prune", channel_days, push_channels_prune);
  co_await session_.run("abandoned_channels_prune", abandoned_channels_prune);
  co_await session_.run("metrics_batches_prune", metrics_batches_prune);
  co_await session_.run("rate_prune", rate_prune);
  co_await session_.run("rate_slots_prune", rate_slots_prune);
}

}  // namespace calsync::simulation
