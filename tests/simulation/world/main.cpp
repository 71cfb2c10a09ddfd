// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "tests/simulation/world/bug_hunt.hpp"
#include "tests/simulation/world/command.hpp"

int main(int argc, char** argv) {
  using namespace calsync::simulation;
  CLI::App app(
      "calsync-sim: the sync worker in simulated worlds, each made of one seed, in which everything goes wrong");
  Command command;
  app.add_option("--seeds", command.seeds, "FIRST..LAST, or how many from 1 on")->default_str("1..500");
  app.add_option("--seed", command.seed, "one seed");
  app.add_flag("--trace", command.trace, "with --seed: say what happens");
  app.add_option("--jobs", command.jobs, "processes beside each other")->default_str("2");
  app.add_option("--twice", command.twice, "run every N-th seed again and compare the trace hashes")->default_str("20");
  app.add_option("--only", command.only, "hazards that may strike, separated by commas")->delimiter(',');
  app.add_option("--without", command.without, "hazards that may not")->delimiter(',');
  app.add_option("--bug", command.bug, "NAME or all: run with a planted bug until a broken promise shows it");
  app.add_option("--max-seeds", command.max_seeds, "with --bug: how many seeds may pass before")->default_str("1000");
  app.add_flag("--list-bugs", command.list_bugs, "name every planted bug");
  app.add_flag("--list-hazards", command.list_hazards, "name every kind of fault");
  CLI11_PARSE(app, argc, argv);
  if (command.list_bugs || !command.bug.empty()) become_planted(argv);
  return run(command);
}
