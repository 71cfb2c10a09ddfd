// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "tests/simulation/kernel/true_clock.hpp"
#include "tests/simulation/world/api_process.hpp"
#include "tests/simulation/world/comparison.hpp"
#include "tests/simulation/world/connector.hpp"
#include "tests/simulation/world/installation.hpp"
#include "tests/simulation/world/worker_process.hpp"

namespace calsync::simulation {

using namespace std::chrono_literals;

/// A call that some process has made.
struct MadeCall {
  std::string process{}, operation{}, url{};
  Duration started{};
  std::optional<Duration> ended{};
  int status = 0;  ///< 0 = there was no answer
};

/// A statement that was applied, and by whom: a worker's id, "api" or "operator".
struct Applied {
  std::string statement{}, origin{};
  Duration at{};
};

/// Where one story is played: the parts of a simulated world (tests/simulation/world) without its chance. Everything
/// that happens is ordered by the scenario, and every invariant is judged meanwhile: a broken one fails the test. One
/// stage at a time in a process.
class Stage final : CallObserver {
 public:
  /// No push channels, and nothing is due by itself for five minutes after a run.
  explicit Stage(Plan plan = quiet_plan());
  ~Stage() override;
  static Plan quiet_plan();

  /// Connected, not read yet. The reference stays good.
  Member& add_account(const std::string& name, const std::vector<WantedCalendar>& calendars = {});
  Member& add_feed(const std::string& name);
  WorkerProcess& start_worker();
  ApiProcess& start_api();

  /// A call of the provider's control plane.
  void order(std::string_view method, std::string_view target, std::string body);
  /// An event in a calendar of the account, as JSON.
  void put_event(const Member& member, const std::string& calendar, const std::string& event);
  /// Does so when the next call of this operation begins, before it arrives.
  void at_call(std::string operation, std::function<void()> action) { at_calls_.emplace(std::move(operation), action); }
  /// New flags or lists for every process, as SIGHUP brings them.
  void set_environment(const std::string& name, const std::string& value);
  /// As a person does who presses "sync now".
  void wake(const Member& member) { requests.wake(member.connection, store::Priority::interactive); }

  /// What is committed from now on is held against the invariants, or not: where a provider contradicts itself, no
  /// mirror can keep them all.
  void judge(bool whether) { judges_ = whether; }
  void run(Duration how_long);
  /// Within this time; false = it did not come true.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  /// Until the account's run has ended that is due or on its way.
  bool run_ended(const Member& member, Duration limit = 30s);
  /// What is not in step after this time; "" = everything is.
  std::string out_of_step(Duration limit = 60s);

  const ConnectionRow& row(const Member& member) const {
    return *database.tables().connections.find(member.connection);
  }
  const CalendarRow& calendar(const Member& member, const std::string& id) const {
    return *database.tables().calendars.find({member.connection, id});
  }
  /// Null = not there, or a tombstone.
  const EventRow* event(const Member& member, const std::string& calendar, const std::string& id) const;
  const std::vector<MadeCall>& calls() const { return calls_; }
  /// Since then, by anybody; of every operation when it is not named.
  int calls_since(Duration then, std::string_view operation = {}) const;
  const std::vector<Applied>& statements() const { return statements_; }
  Duration now() const { return scheduler.elapsed(); }

 private:
  std::uint64_t call_starts(const std::string& process, const net::HttpRequest& request) override;
  void call_ends(std::uint64_t call, const Result<net::HttpResponse>& answer) override;
  Start start_of(const std::string& name, int number);
  void crashed(const std::string& process, std::exception_ptr why);
  Member& add(Member member);

  Plan plan_;
  Trace trace_;
  std::deque<std::string> story_;  ///< the last lines of the trace

 public:
  Scheduler scheduler;

 private:
  TrueClock clock_{scheduler};
  SeededRandom random_;
  std::map<std::string, int, std::less<>> fired_;
  Roster roster_;

 public:
  MemoryDatabase database{clock_};
  EmulatedWorld provider;
  DatabaseFaults database_faults;
  Operator people{database};
  ApiServer requests{database};

 private:
  Checks checks_;
  Connector connector_{database, requests, checks_, random_};
  Surroundings around_;
  std::map<std::string, std::string> environment_ = everything_on();
  std::string owner_;
  std::vector<std::unique_ptr<FeedAuthor>> feeds_;
  std::vector<MadeCall> calls_;
  std::map<std::uint64_t, std::size_t> open_calls_;
  std::multimap<std::string, std::function<void()>, std::less<>> at_calls_;
  std::vector<Applied> statements_;
  bool judges_ = true;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::unique_ptr<ApiProcess> api_;
};

}  // namespace calsync::simulation
