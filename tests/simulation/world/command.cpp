// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "tests/simulation/world/bug_hunt.hpp"
#include "tests/simulation/world/fleet.hpp"
#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {
namespace {

struct Range {
  std::uint64_t first = 1, last = 0;
};

std::optional<Range> parse_range(const std::string& text) {
  Range range;
  const std::size_t dots = text.find("..");
  try {
    range.last = std::stoull(dots == text.npos ? text : text.substr(dots + 2));
    if (dots != text.npos) range.first = std::stoull(text.substr(0, dots));
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (range.first == 0 || range.last < range.first) return std::nullopt;
  return range;
}

Kinds allowed(const Command& command) {
  Kinds kinds;
  for (const std::string& name : hazard_names()) {
    const auto has = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    if ((command.only.empty() || has(command.only)) && !has(command.without)) kinds.insert(name);
  }
  return kinds;
}

void say_violation(const Report& report) {
  fmt::print("seed {}: {} broken: {}\n", report.seed, report.violation->invariant, report.violation->what);
}

/// Leaves out one kind of hazard after the other for as long as the same promise breaks.
Kinds shrink(const Report& bad, Kinds kinds) {
  for (const auto& [name, times] : bad.fired) {
    Kinds fewer = kinds;
    if (fewer.erase(name) == 0) continue;
    const Report again = run_seed(bad.seed, fewer);
    if (again.violation && again.violation->invariant == bad.violation->invariant) kinds = std::move(fewer);
  }
  const Report least = run_seed(bad.seed, kinds);
  Kinds needed;
  for (const auto& [name, times] : least.fired) {
    if (kinds.contains(name)) needed.insert(name);
  }
  return needed;
}

int show_one(const Command& command, const Kinds& kinds) {
  Trace::Sink sink;
  if (command.trace) {
    sink = [](Duration at, std::string_view line) {
      fmt::print("{:>12.3f} {}{}", static_cast<double>(at.count()) / 1e6, line, line.ends_with('\n') ? "" : "\n");
    };
  }
  const Report report = run_seed(command.seed, kinds, std::move(sink), planted_in_database());
  for (const auto& [name, times] : report.fired) fmt::print("{} {}\n", times, name);
  fmt::print("seed {}: {} steps, {} commits, {:.1f} virtual minutes, trace {:016x}\n", report.seed, report.steps,
             report.commits, static_cast<double>(report.virtual_time.count()) / 6e7, report.trace_hash);
  if (!report.violation) return 0;
  say_violation(report);
  return 1;
}

class Tally {
 public:
  void add(const Report& report) {
    ++seeds_;
    virtual_time_ += report.virtual_time;
    commits_ += report.commits;
    for (const auto& [name, times] : report.fired) fired_[name] += times;
    if (report.violation) bad_.push_back(report);
  }
  void add_repeat(bool same) { same ? ++same_ : ++other_; }
  const std::vector<Report>& bad() const { return bad_; }

  /// True = every promise held and everything was tried.
  bool say(const Kinds& kinds, double seconds, bool all_must_strike) const {
    int never = 0;
    for (const std::string& name : kinds) {
      const auto found = fired_.find(name);
      fmt::print("{:>9}  {}\n", found == fired_.end() ? 0 : found->second, name);
      if (found == fired_.end()) ++never;
    }
    fmt::print("{} seeds in {:.1f} s ({:.1f}/s), {:.1f} virtual hours, {} commits judged, {} kinds of faults\n", seeds_,
               seconds, static_cast<double>(seeds_) / seconds, static_cast<double>(virtual_time_.count()) / 3.6e9,
               commits_, kinds.size());
    fmt::print("{} of {} repeated seeds gave the same trace\n", same_, same_ + other_);
    if (all_must_strike && never > 0) fmt::print("{} kinds never struck\n", never);
    const bool good = bad_.empty() && other_ == 0 && !(all_must_strike && never > 0);
    fmt::print("calsync-sim: {} passed, {} failed\n", seeds_ - static_cast<int>(bad_.size()),
               bad_.size() + static_cast<std::size_t>(other_) + static_cast<std::size_t>(all_must_strike ? never : 0));
    return good;
  }

 private:
  int seeds_ = 0, same_ = 0, other_ = 0;
  Duration virtual_time_{};
  std::uint64_t commits_ = 0;
  std::map<std::string, int> fired_;
  std::vector<Report> bad_;
};

int run_many(const Command& command, Range range, const Kinds& kinds) {
  const auto begun = std::chrono::steady_clock::now();
  Tally tally;
  const auto work = [&](std::uint64_t seed) {
    Report report = run_seed(seed, kinds);
    if (command.twice > 0 && seed % static_cast<std::uint64_t>(command.twice) == 0)
      report.repeated_hash = run_seed(seed, kinds).trace_hash;
    return report;
  };
  run_fleet(range.first, range.last, command.jobs, work, [&](const Report& report) {
    tally.add(report);
    if (report.repeated_hash) tally.add_repeat(*report.repeated_hash == report.trace_hash);
    if (report.violation) say_violation(report);
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  int shown = 0;
  for (const Report& bad : tally.bad()) {
    if (++shown > 3) break;
    fmt::print("seed {} needs:", bad.seed);
    for (const std::string& name : shrink(bad, kinds)) fmt::print(" {}", name);
    fmt::print("\n");
  }
  return tally.say(kinds, took.count(), range.last - range.first >= 400 && command.only.empty()) ? 0 : 1;
}

}  // namespace

int run(const Command& command) {
  if (command.list_hazards) {
    for (const Hazard& one : all_hazards()) fmt::print("{:<9} {}\n", one.family, one.name);
    return 0;
  }
  const Kinds kinds = allowed(command);
  if (command.list_bugs) return list_bugs();
  if (!command.bug.empty() && command.seed == 0) return hunt_bugs(command, kinds);
  if (!command.bug.empty() && !plant(command.bug)) return unknown_bug(command.bug);
  if (command.seed > 0) return show_one(command, kinds);
  const auto range = parse_range(command.seeds);
  if (!range) {
    fmt::print(stderr, "calsync-sim: --seeds wants FIRST..LAST or a number, not '{}'\n", command.seeds);
    return 2;
  }
  return run_many(command, *range, kinds);
}

}  // namespace calsync::simulation
