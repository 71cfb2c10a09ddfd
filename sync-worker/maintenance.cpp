// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/maintenance.hpp"

#include "common/store/revocation_context.hpp"

namespace calsync::worker {
namespace {

constexpr int portions = 50;
/// A grant that cannot be revoked for this many tries (about a day) is given up: it dies by itself when unused.
constexpr std::int64_t last_attempt = 30;
constexpr std::chrono::seconds call_time{15};

}  // namespace

Task<void> Maintenance::round() {
  co_await prune(sql::mirror_prune, retention_.tombstone_days);
  co_await prune(sql::runs_prune, retention_.run_days);
  co_await prune(sql::job_runs_prune, retention_.run_days);
  co_await pool_.query(sql::oauth_flows_prune, {});
  co_await pool_.query(sql::metrics_batches_prune, {});
  co_await revoke_pending();
}

Task<void> Maintenance::prune(const sql::Query& query, int days) {
  for (int portion = 0; portion < portions; ++portion) {
    db::Values values{std::to_string(days)};
    const db::Rows rows = co_await pool_.query(query, std::move(values));
    if (rows.affected() == 0) co_return;
  }
}

Task<void> Maintenance::revoke_pending() {
  co_await pool_.query(sql::revocations_superseded, {});
  const db::Rows rows = co_await pool_.query(sql::revocations_due, {});
  for (int row = 0; row < rows.size(); ++row) {
    const std::string id(rows.text(row, "id"));
    const std::string provider(rows.text(row, "provider"));
    const providers::Adapter* adapter = registry_.find(provider);
    Result<void> revoked = fail(Failure::misconfigured, "the provider is not configured");
    if (adapter && adapter->authorizer) {
      const auto token =
          keys_.open(rows.text(row, "sealed"),
                     store::revocation_context(id, std::string(rows.text(row, "provider_id")), provider));
      revoked = token ? co_await adapter->authorizer->revoke(*token, Deadline(clock_, call_time))
                      : Result<void>(token.error());
    }
    if (revoked || rows.number(row, "attempts") >= last_attempt) {
      db::Values values{id};
      co_await pool_.query(sql::revocation_done, std::move(values));
      if (revoked) log_.info("a disconnected account's grant was revoked", {.provider = provider});
      if (!revoked)
        log_.error("a disconnected account's grant could not be revoked and is given up",
                   {.provider = provider, .metadata = {{"reason", describe(revoked.error())}}});
      continue;
    }
    db::Values values{id, describe(revoked.error())};
    co_await pool_.query(sql::revocation_failed, std::move(values));
  }
}

}  // namespace calsync::worker
