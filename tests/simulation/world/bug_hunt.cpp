// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/bug_hunt.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "tests/simulation/bugs/bug_list.hpp"
#include "tests/simulation/bugs/planted.hpp"
#include "tests/simulation/world/fleet.hpp"

namespace calsync::simulation {
namespace {

struct DatabaseBug {
  std::string_view name, why;
  Plant plant;
};
/// Bugs of the statements: the double has them as switches, since its own suite has to find them, too.
constexpr DatabaseBug database_bugs[]{
    {"no_fence", "whoever holds an old lease writes all the same", Plant::no_fence},
    {"wake_up_cleared_at_settle", "a wake-up during the run is lost", Plant::settle_loses_wake},
    {"run_overrules_the_operator", "an operator's edit during the run is overwritten", Plant::settle_overrules_edit},
    {"claimed_during_backoff", "a wake-up pulls a backed-off connection forward", Plant::claim_ignores_backoff},
    {"two_leases", "a connection is claimed while somebody holds it", Plant::claim_ignores_leases},
    {"flip_keeps_ghosts", "what a staged full read does not name stays", Plant::flip_keeps_ghosts},
    {"staged_left_over", "rows that an earlier attempt has staged become the mirror", Plant::staged_left_over},
    {"wake_up_not_counted", "a wake-up of a waiting connection counts for nothing", Plant::wake_counts_nothing},
};

struct Bug {
  std::string name, why;
  bool lost = false;
  Plant plant = Plant::none;
};

std::vector<Bug> all_bugs() {
  std::vector<Bug> bugs;
  for (const PlantedBug& one : planted_bugs()) bugs.push_back({std::string(one.name), std::string(one.why), one.lost});
  for (const DatabaseBug& one : database_bugs)
    bugs.push_back({std::string(one.name), std::string(one.why), false, one.plant});
  return bugs;
}

Plant& in_database() {
  static Plant current = Plant::none;
  return current;
}

void plant_one(const Bug& bug) {
  plant_bug(bug.name);
  in_database() = bug.plant;
}

/// The first seed that shows the bug, in this process.
Report hunt(const Bug& bug, int most, const Kinds& kinds) {
  plant_one(bug);
  Report report;
  for (int seed = 1; seed <= most && !report.violation; ++seed)
    report = run_seed(static_cast<std::uint64_t>(seed), kinds, {}, bug.plant);
  return report;
}

}  // namespace

void become_planted(char** arguments) {
  if (!planted_bugs().empty()) return;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return;
  const std::string other = (self.parent_path().parent_path() / "bugs" / "calsync-sim-planted").string();
  ::execv(other.c_str(), arguments);
}

Plant planted_in_database() { return in_database(); }

bool plant(const std::string& name) {
  for (const Bug& one : all_bugs()) {
    if (one.name != name || one.lost) continue;
    plant_one(one);
    return true;
  }
  return false;
}

int unknown_bug(const std::string& name) {
  fmt::print(stderr, "calsync-sim: there is no planted bug '{}' in this executable; --list-bugs names them\n", name);
  return 2;
}

int list_bugs() {
  for (const Bug& one : all_bugs())
    fmt::print("{:<36} {}{}\n", one.name, one.why, one.lost ? " (its place is lost)" : "");
  return 0;
}

int hunt_bugs(const Command& command, const Kinds& kinds) {
  std::vector<Bug> bugs = all_bugs();
  if (command.bug != "all") std::erase_if(bugs, [&](const Bug& one) { return one.name != command.bug; });
  if (bugs.empty()) return unknown_bug(command.bug);
  const auto work = [&](std::uint64_t number) {
    const Bug& bug = bugs[number - 1];
    Report report = bug.lost ? Report{} : hunt(bug, command.max_seeds, kinds);
    report.steps = report.seed;
    report.seed = number;
    return report;
  };
  int found = 0;
  run_fleet(1, bugs.size(), command.jobs, work, [&](const Report& report) {
    const Bug& bug = bugs[report.seed - 1];
    found += report.violation ? 1 : 0;
    if (report.violation) {
      fmt::print("found  {:<36} seed {:>4}  {}: {}\n", bug.name, report.steps, report.violation->invariant,
                 report.violation->what);
    } else {
      fmt::print("MISSED {:<36} {}\n", bug.name, bug.lost ? "its place in the source is lost" : "no seed showed it");
    }
    std::fflush(stdout);
  });
  fmt::print("planted-bugs: {} passed, {} failed\n", found, static_cast<int>(bugs.size()) - found);
  return found == static_cast<int>(bugs.size()) ? 0 : 1;
}

}  // namespace calsync::simulation
