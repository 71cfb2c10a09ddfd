// SPDX-License-Identifier: Apache-2.0
// How many runs go on at once, and who may call a provider that is away.
#include <fmt/format.h>

#include <algorithm>

#include "common/sync/circuit.hpp"
#include "tests/simulation/world/checks.hpp"
#include "tests/simulation/world/installation.hpp"

namespace calsync::simulation {
namespace {

/// By then every worker that reaches the database has heard of it.
constexpr std::chrono::seconds everybody_knows{4};

bool blocks(const CircuitRow& row) { return row.state == "open" || row.state == "half_open"; }

}  // namespace

/// Runs of a worker, and of one owner, by the calls that are on their way at this moment.
void Checks::judge_places(const Call& call) {
  if (concurrency_ == 0 || call.connection.empty()) return;
  std::set<std::string> busy{call.connection};
  for (const auto& [number, other] : calls_) {
    if (other.process == call.process && !other.connection.empty() && other.of_a_run) busy.insert(other.connection);
  }
  const Member* mine = roster_.by_connection(call.connection);
  const auto of_owner = std::ranges::count_if(busy, [&](const std::string& one) {
    const Member* member = roster_.by_connection(one);
    return mine && member && member->owner == mine->owner;
  });
  if (std::cmp_greater(busy.size(), concurrency_) || of_owner > per_owner_)
    violated("I17", fmt::format("{} has {} runs at once, {} of one owner", call.process, busy.size(), of_owner));
}

void Checks::note_places(const Commit& commit) {
  if (commit.statement != "rate_slot_take") return;
  for (const auto& [key, slot] : database_.tables().slots.rows()) {
    Place& place = places_[key];
    if (std::exchange(place.until, slot->until) == slot->until) continue;
    place.worker = commit.origin;
    place.taken = scheduler_.elapsed();
  }
}

/// Who has ended in order has left the rooms that its run was in. What a run leaves behind that broke ends by itself.
void Checks::judge_places_left(const std::string& connection) {
  const Epoch& epoch = story(connection).epoch;
  for (const auto& [key, slot] : database_.tables().slots.rows()) {
    const Place& place = places_[key];
    if (slot->holder == connection && slot->until > database_.now() && place.worker == epoch.worker &&
        place.taken >= epoch.claimed)
      violated("I17",
               fmt::format("{} has ended its run and keeps its place in {}/{}", connection, slot->scope, slot->key));
  }
}

/// What becomes of outages, as the database has it.
void Checks::note_circuits(const Commit& commit) {
  if (commit.statement != "circuit_save") return;
  const sync::CircuitLimits limits = small_circuits();
  for (const auto& [place, row] : database_.tables().circuits.rows()) {
    const auto known = outages_.find(row->provider);
    if (known != outages_.end() && row->state == "ramping" && row->good_probes < limits.trust)
      violated("I9", fmt::format("{} counts as back after {} probes", row->provider, row->good_probes));
    if (!blocks(*row)) {
      outages_.erase(row->provider);
      continue;
    }
    Outage& outage = outages_.try_emplace(row->provider, Outage{scheduler_.elapsed()}).first->second;
    if (std::exchange(outage.version, row->version) == row->version) continue;
    const Duration pause = row->probe_at - database_.now();
    // Pauses between probes are shorter, with their jitter, too.
    if (pause > limits.longest_pause * 5 / 4) ++outage.probes;
    if (row->failed_probes > std::exchange(outage.failed_probes, row->failed_probes) && pause < limits.first_pause / 2)
      violated("I9",
               fmt::format("{} is asked again {} ms after a probe that failed", row->provider, pause.count() / 1000));
  }
}

/// Whoever claims while the provider is away needs a probe of the database's for it.
void Checks::judge_probe(const Commit& commit, const ConnectionRow& row) {
  // Where a feed is read is known only to who has opened its address.
  if (row.provider == "ics") return;
  const auto found = outages_.find(row.provider);
  if (found == outages_.end() || scheduler_.elapsed() - found->second.since < everybody_knows) return;
  // Who has just come back, or does not reach the database, does not know yet.
  if (!calm_for(commit.origin, everybody_knows)) return;
  Outage& outage = found->second;
  if (++outage.claims > outage.probes)
    violated("I9", fmt::format("{} claims of {} while it is away, and {} probes", outage.claims, row.provider,
                               outage.probes));
}

}  // namespace calsync::simulation
