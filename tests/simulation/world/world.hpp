// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/kernel/true_clock.hpp"
#include "tests/simulation/provider/canonical_row.hpp"
#include "tests/simulation/provider/graph_mutator.hpp"
#include "tests/simulation/provider/mutator.hpp"
#include "tests/simulation/provider/provider_faults.hpp"
#include "tests/simulation/world/api_process.hpp"
#include "tests/simulation/world/connector.hpp"
#include "tests/simulation/world/installation.hpp"
#include "tests/simulation/world/secrets_watch.hpp"
#include "tests/simulation/world/worker_process.hpp"

namespace calsync::simulation {

/// What became of one seed.
struct Report {
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  std::optional<std::uint64_t> repeated_hash{};  ///< of a second run
  std::optional<Violation> violation{};
  Duration virtual_time{};
  std::uint64_t steps = 0;
  std::uint64_t commits = 0;
  std::map<std::string, int> fired{};  ///< hazards, by kind
};

/// One seed: processes, database, provider, and what goes wrong between them. First a time of chaos, then everything is
/// put right and has to come into step within a bound. One world at a time in a process.
class World {
 public:
  explicit World(Plan plan, Trace::Sink sink = {});
  ~World();

  Report run();

  // For the hazards (hazards.cpp).
  const Plan& plan() const { return plan_; }
  Scheduler& scheduler() { return scheduler_; }
  SeededRandom& random() { return random_; }
  DatabaseFaults& database_faults() { return database_faults_; }
  MemoryDatabase& database() { return database_; }
  EmulatedWorld& provider() { return provider_; }
  FaultContext& provider_faults() { return *provider_faults_; }
  Operator& people() { return operator_; }
  ApiServer& requests() { return requests_; }
  Roster& roster() { return roster_; }
  Mutator& mutator() { return *mutator_; }
  GraphMutator* graph_mutator() { return graph_mutator_.get(); }
  std::vector<std::unique_ptr<WorkerProcess>>& workers() { return workers_; }
  ApiProcess* api() { return api_.get(); }
  void count(const std::string& hazard, int times = 1) { fired_[hazard] += times; }

  /// While some worker waits for its provider; or, when none does for a while, all the same.
  void in_mid_run(std::function<void()> action);
  void kill_worker(std::size_t which, Duration away);
  void drain_worker(std::size_t which, Duration away);
  void kill_api(Duration away);
  void change_release(std::size_t which);
  /// New flags and lists for every daemon, as the environment file and SIGHUP bring them.
  void set_environment(const std::map<std::string, std::string>& changes);
  void rotate_keys();
  void disconnect(Member& member);
  /// DELETE FROM external_calendar_connections, by hand.
  void forget(Member& member);
  void connect(Member& member);

 private:
  Start start_of(const std::string& name, int worker);
  void build_provider();
  void build_mailboxes();
  void start_worker(std::size_t which);
  void upgrade(Start& start) const;
  void start_api();
  void worker_crashed(std::size_t which, std::exception_ptr why);
  void restart_when_ended(std::size_t which, Duration away);
  void restart_all();
  void reseal_all(const std::string& key);

  const struct Hazard* draw_hazard();
  void schedule_hazard();
  void schedule_change();
  void schedule_request();
  void judge_revocations(const Commit& commit);
  void pump_pushes();
  void tick();
  void request();

  void heal();
  bool in_step(std::string* why = nullptr);
  std::optional<Duration> calm_since(const std::string& worker) const;
  bool shut_out(const ConnectionRow& row) const;
  std::set<std::string> shut_out_at_rest() const;
  /// Whether the provider still takes this refresh token.
  bool alive(const ConnectionRow& row, const CredentialRow& token);
  KeyRing keys() const;
  void reconnect_the_dead();
  void check_end();
  void check_afternoon();
  std::string late_window(const Member& member) const;
  std::string unwatched(const Member& member) const;

  Plan plan_;
  Trace trace_;
  Scheduler scheduler_;
  TrueClock clock_{scheduler_};
  SeededRandom random_;
  std::map<std::string, int, std::less<>> fired_;
  MemoryDatabase database_{clock_};
  EmulatedWorld provider_;
  PushMessages pushes_{provider_};
  DatabaseFaults database_faults_;
  Roster roster_;
  Checks checks_;
  SecretsWatch secrets_;
  Surroundings around_;
  Operator operator_{database_};
  ApiServer requests_{database_};
  Connector connector_{database_, requests_, checks_, random_};
  std::vector<std::unique_ptr<FeedAuthor>> feeds_;
  std::unique_ptr<Mutator> mutator_;
  std::unique_ptr<GraphMutator> graph_mutator_;  ///< null = there is no mailbox
  std::unique_ptr<FaultContext> provider_faults_;
  std::map<std::string, std::string> environment_;
  std::string keys_text_;
  int keys_made_ = 1;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::vector<int> births_;
  std::set<std::size_t> next_releases_;  ///< workers that run a later release
  std::unique_ptr<ApiProcess> api_;
  std::vector<std::string> owners_;
  bool chaos_ = true;
  bool rotating_ = false;
  std::map<int, std::function<void()>> for_mid_run_;
  std::map<std::string, std::string> revoked_tokens_;  ///< by revocation
  int wishes_ = 0;
  std::map<int, DuePush> on_their_way_;  ///< to the API process
  int pushes_made_ = 0;
  std::map<std::string, Duration> disturbed_;  ///< worker -> when it was born, or paused last
};

/// Every hazard: provider faults, and what befalls database, processes, time and operation.
struct Hazard {
  std::string name{};
  std::string family{};
  std::function<void(World&)> strike{};
  bool of_mailboxes = false;  ///< only where there is one
};
using Kinds = std::set<std::string>;
/// The world of a seed with those of its hazards that are in `kinds`, and the database's planted bug.
Report run_seed(std::uint64_t seed, const Kinds& kinds, Trace::Sink sink = {}, Plant plant = Plant::none);

const std::vector<Hazard>& all_hazards();
std::vector<std::string> hazard_names();

}  // namespace calsync::simulation
