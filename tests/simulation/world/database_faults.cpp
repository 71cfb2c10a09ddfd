// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/database_faults.hpp"

#include <algorithm>
#include <array>

namespace calsync::simulation {
namespace {

using Kind = DatabaseFaults::Kind;

struct Traits {
  Kind kind;
  std::string_view name;
  bool before;           ///< hits before the statement is applied
  const char* sqlstate;  ///< "" = the connection broke
};
constexpr std::array<Traits, 10> all_traits{{{Kind::refused, "database_refused", true, ""},
                                             {Kind::killed, "database_killed", true, ""},
                                             {Kind::ambiguous, "database_ambiguous_commit", false, ""},
                                             {Kind::serialization, "database_40001", true, "40001"},
                                             {Kind::deadlock, "database_40P01", true, "40P01"},
                                             {Kind::lock_timeout, "database_lock_timeout", true, "55P03"},
                                             {Kind::read_only, "database_read_only", true, "25006"},
                                             {Kind::disk_full, "database_disk_full", true, "53100"},
                                             {Kind::pool_empty, "database_pool_empty", true, ""},
                                             {Kind::notifications_lost, "database_notifications_lost", true, ""}}};

const Traits& traits_of(Kind kind) { return all_traits[static_cast<std::size_t>(kind)]; }

/// Statements that change nothing go on where nothing can be written.
bool reads_only(std::string_view statement) {
  return statement.starts_with("queue_candidates") || statement.starts_with("mirror_known") ||
         statement == "queue_credentials" || statement == "gate_load" || statement == "push_channels" ||
         statement == "gate_admitted_connections";
}

[[noreturn]] void fail_with(const Traits& traits) {
  throw db::DatabaseError("the database failed: " + std::string(traits.name), traits.sqlstate);
}

}  // namespace

std::string_view DatabaseFaults::name(Kind kind) { return traits_of(kind).name; }

void DatabaseFaults::order(Kind kind, double share, Duration how_long) {
  active_[kind] = {share, scheduler_.elapsed() + how_long};
}

std::optional<Kind> DatabaseFaults::hit_once(std::string_view statement, bool before) {
  const auto fits = [&](const auto& one) { return traits_of(one.first).before == before && one.second == statement; };
  const auto found = std::find_if(once_.begin(), once_.end(), fits);
  if (found == once_.end()) return std::nullopt;
  const Kind kind = found->first;
  once_.erase(found);
  return kind;
}

std::optional<Kind> DatabaseFaults::hit(std::string_view statement, bool before) {
  if (const auto ordered = hit_once(statement, before)) {
    last_hit_ = scheduler_.elapsed();
    return ordered;
  }
  if (active_.empty()) return std::nullopt;
  std::erase_if(active_, [&](const auto& one) { return one.second.until <= scheduler_.elapsed(); });
  for (const auto& [kind, active] : active_) {
    if (traits_of(kind).before != before) continue;
    if ((kind == Kind::read_only || kind == Kind::disk_full) && reads_only(statement)) continue;
    if ((kind == Kind::notifications_lost) != (statement == "queue_listen")) continue;
    if (!random_.chance(active.share)) continue;
    ++fired_[std::string(name(kind))];
    last_hit_ = scheduler_.elapsed();
    return kind;
  }
  return std::nullopt;
}

Task<void> FaultyLink::request(std::string_view statement) {
  if (faults_.slow()) co_await process_.clock().sleep(faults_.latency());
  const auto fault = faults_.hit(statement, true);
  if (!fault) co_return;
  if (*fault == Kind::pool_empty || *fault == Kind::lock_timeout) co_await process_.clock().sleep(faults_.wait());
  if (*fault != Kind::pool_empty) fail_with(traits_of(*fault));
}

Task<void> FaultyLink::reply(std::string_view statement) {
  if (faults_.slow()) co_await process_.clock().sleep(faults_.latency());
  if (const auto fault = faults_.hit(statement, false)) fail_with(traits_of(*fault));
}

}  // namespace calsync::simulation
