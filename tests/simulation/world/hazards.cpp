// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {
namespace {

using namespace std::chrono_literals;
using Database = DatabaseFaults::Kind;

void database(World& world, Database kind, double share, Duration least, Duration most) {
  world.database_faults().order(kind, share, world.random().between(least, most));
}

WorkerProcess* some_worker(World& world) {
  auto& one = world.random().pick(world.workers());
  return one && one->process().alive() ? one.get() : nullptr;
}

std::size_t some_place(World& world) { return world.random().below(world.workers().size()); }

void pause_worker(World& world, Duration least, Duration most, const char* name) {
  world.in_mid_run([&world, least, most, name] {
    WorkerProcess* worker = some_worker(world);
    if (!worker) return;
    worker->process().pause(world.random().between(least, most));
    world.count(name);
  });
}

void shift_clock(World& world, Duration by, const char* name) {
  WorkerProcess* worker = some_worker(world);
  if (!worker) return;
  worker->process().shift_wall_clock(by);
  world.count(name);
}

void switch_off(World& world, const std::string& flag, const char* name) {
  world.in_mid_run([&world, flag, name] {
    world.set_environment({{flag, "false"}});
    world.count(name);
    world.scheduler().after(world.random().between(Duration(5s), Duration(90s)),
                            [&world, flag] { world.set_environment({{flag, "true"}}); });
  });
}

/// Only one owner stays on the list for a while.
void shorten_list(World& world) {
  const std::string owner = world.random().pick(world.roster().members).owner;
  world.in_mid_run([&world, owner] {
    world.set_environment({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", owner}});
    world.count("reload");
    world.scheduler().after(world.random().between(Duration(5s), Duration(90s)),
                            [&world] { world.set_environment({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", ""}}); });
  });
}

Member* somebody_connected(World& world) {
  Member& one = world.random().pick(world.roster().members);
  return one.connection.empty() ? nullptr : &one;
}

/// Connected again a little later, by another grant, as people do.
void come_back(World& world, Member& member) {
  world.scheduler().after(world.random().between(Duration(2s), Duration(120s)), [&world, &member] {
    if (!member.connection.empty()) return;
    if (!member.feed) member.grant = grant_again(world.provider(), member.grant.email);
    world.connect(member);
  });
}

void disconnect(World& world) {
  world.in_mid_run([&world] {
    Member* member = somebody_connected(world);
    if (!member) return;
    world.disconnect(*member);
    world.count("disconnect");
    come_back(world, *member);
  });
}

/// DELETE by hand: nobody queues a revocation.
void erase(World& world) {
  world.in_mid_run([&world] {
    Member* member = somebody_connected(world);
    if (!member) return;
    world.forget(*member);
    world.count("erase");
    come_back(world, *member);
  });
}

void change_zone(World& world) {
  const FaultContext::Spot spot = world.provider_faults().spot();
  if (spot.email.empty()) return;
  const char* zone = world.random().chance(0.5) ? "America/New_York" : "Asia/Kolkata";
  // Everybody who sees the calendar is told, as when they all changed their settings; a zone of which the list of
  // calendars says nothing is not seen by the product yet.
  for (const Member& one : world.roster().members) {
    if (one.provider != "google") continue;
    world.provider().try_call("PATCH", "/control/calendars",
                              fmt::format(R"({{"email":"{}","calendar_id":"{}","timeZone":"{}","report":true}})",
                                          one.grant.email, spot.calendar_id, zone));
  }
  world.count("zone_change");
}

/// Some faults need something to bite on: series with exceptions, all of which come in the full reads that follow.
void arm(World& world, const ProviderFault& fault) {
  if (fault.name == "exception_first") {
    world.mutator().mutate("insert_series");
    for (int more = 0; more < 3; ++more) world.mutator().mutate("move_occurrence");
    world.people().update_connections([](const ConnectionRow& row) { return row.provider == "google"; },
                                      {.sync_needed = true, .sync_cursor = Text{}});
  }
  if (fault.name == "delta_exception_first" || fault.name == "delta_page_overlap" || fault.name == "delta_page_skip") {
    for (int more = 0; more < 2; ++more) world.graph_mutator()->mutate("insert_series");
    for (int more = 0; more < 3; ++more) world.graph_mutator()->mutate("change_occurrence");
    world.people().update_connections([](const ConnectionRow& row) { return row.provider == "microsoft"; },
                                      {.sync_needed = true, .sync_cursor = Text{}});
  }
  if (fault.name == "delta_series_missing") {
    world.graph_mutator()->mutate("insert_series");
    world.graph_mutator()->mutate("change_occurrence");
  }
  world.provider_faults().arm(fault);
}

std::vector<Hazard> own_hazards() {
  return {
      {"database_refused", "database", [](World& w) { database(w, Database::refused, 1.0, 1s, 25s); }},
      {"database_killed", "database", [](World& w) { database(w, Database::killed, 0.3, 2s, 20s); }},
      {"database_ambiguous_commit", "database", [](World& w) { database(w, Database::ambiguous, 0.3, 2s, 20s); }},
      {"database_40001", "database", [](World& w) { database(w, Database::serialization, 0.3, 2s, 20s); }},
      {"database_40P01", "database", [](World& w) { database(w, Database::deadlock, 0.3, 2s, 20s); }},
      {"database_lock_timeout", "database", [](World& w) { database(w, Database::lock_timeout, 0.4, 5s, 30s); }},
      {"database_read_only", "database", [](World& w) { database(w, Database::read_only, 1.0, 1s, 25s); }},
      {"database_disk_full", "database", [](World& w) { database(w, Database::disk_full, 1.0, 1s, 25s); }},
      {"database_pool_empty", "database", [](World& w) { database(w, Database::pool_empty, 0.5, 2s, 30s); }},
      {"database_notifications_lost", "database",
       [](World& w) { database(w, Database::notifications_lost, 1.0, 5s, 60s); }},
      {"process_killed", "process",
       [](World& w) {
         w.in_mid_run([&w] {
           w.count("process_killed");
           w.kill_worker(some_place(w), w.random().between(Duration(500ms), Duration(40s)));
         });
       }},
      {"process_paused", "process",
       [](World& w) {
         const Duration lease = std::chrono::seconds(w.plan().lease_seconds);
         pause_worker(w, lease, 3 * lease, "process_paused");
       }},
      {"process_hung", "process", [](World& w) { pause_worker(w, 1s, 16s, "process_hung"); }},
      {"process_drained", "process",
       [](World& w) {
         w.count("process_drained");
         w.drain_worker(some_place(w), w.random().between(Duration(500ms), Duration(10s)));
       }},
      {"two_versions", "process",
       [](World& w) {
         w.count("two_versions");
         w.change_release(some_place(w));
       }},
      {"process_api_killed", "process",
       [](World& w) {
         w.count("process_api_killed");
         w.kill_api(w.random().between(Duration(500ms), Duration(30s)));
       }},
      {"allocation_failure", "process",
       [](World& w) {
         if (WorkerProcess* worker = some_worker(w)) worker->starve(w.random().between(1, 4));
       }},
      {"wall_clock_forward", "time", [](World& w) { shift_clock(w, 1h, "wall_clock_forward"); }},
      {"wall_clock_back", "time", [](World& w) { shift_clock(w, -1h, "wall_clock_back"); }},
      {"zone_change", "time", change_zone},
      {"dst_edge", "time",
       [](World& w) {
         if (w.mutator().mutate("insert_at_clock_change")) w.count("dst_edge");
       }},
      {"kill_switch", "operator", [](World& w) { switch_off(w, "CALENDAR_SYNC_ENABLED", "kill_switch"); }},
      {"jobs_off", "operator", [](World& w) { switch_off(w, "CALENDAR_JOBS_ENABLED", "jobs_off"); }},
      {"webhooks_off", "operator", [](World& w) { switch_off(w, "CALENDAR_WEBHOOK_ENABLED", "webhooks_off"); }},
      {"reload", "operator", shorten_list},
      {"key_rotation", "operator", [](World& w) { w.rotate_keys(); }},
      {"disconnect", "operator", disconnect},
      {"erase", "operator", erase},
  };
}

}  // namespace

const std::vector<Hazard>& all_hazards() {
  static const std::vector<Hazard> hazards = [] {
    std::vector<Hazard> all = own_hazards();
    for (const ProviderFault& fault : provider_faults())
      all.push_back(
          {std::string(fault.name), std::string(fault.family), [&fault](World& world) { arm(world, fault); }, false});
    for (const ProviderFault& fault : graph_faults())
      all.push_back(
          {std::string(fault.name), std::string(fault.family), [&fault](World& world) { arm(world, fault); }, true});
    return all;
  }();
  return hazards;
}

std::vector<std::string> hazard_names() {
  std::vector<std::string> names;
  for (const Hazard& one : all_hazards()) names.push_back(one.name);
  return names;
}

}  // namespace calsync::simulation
