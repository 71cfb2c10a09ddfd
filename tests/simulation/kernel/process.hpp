// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/async/clock.hpp"
#include "tests/simulation/kernel/scheduler.hpp"

namespace calsync::simulation {

/// A handler that can be moved only, as Asio's are.
class Handler {
 public:
  template <class F>
  explicit Handler(F f) : body_(std::make_unique<Body<F>>(std::move(f))) {}
  void operator()() { std::exchange(body_, nullptr)->call(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void call() = 0;
  };
  template <class F>
  struct Body final : Base {
    explicit Body(F given) : f(std::move(given)) {}
    void call() override {
      F mine(std::move(f));
      std::move(mine)();
    }
    F f;
  };
  std::unique_ptr<Base> body_;
};

/// One operating system process: what runs in it runs one handler at a time, in the order of posting, while it lives
/// and is not paused. Killing it destroys whatever waits in it, as the death of a process does.
class Process final : public boost::asio::execution_context {
 public:
  class Executor;

  Process(Scheduler& scheduler, std::string name);
  ~Process();

  Executor executor();
  AsyncClock& clock() { return clock_; }
  const std::string& name() const { return name_; }
  Scheduler& scheduler() { return scheduler_; }

  void pause(Duration how_long);
  bool paused() const { return scheduler_.elapsed() < paused_until_; }
  bool alive() const { return alive_; }
  /// Handlers and timers are dropped; what they own is destroyed. Objects that coroutines refer to must still be there.
  void kill();

  /// What becomes of an exception that leaves a handler; without this it leaves the scheduler, too.
  void on_crash(std::function<void(std::exception_ptr)> action) { on_crash_ = std::move(action); }

  /// The wall clock of the machine may be wrong.
  void shift_wall_clock(Duration by) { clock_.shift += by; }
  bool clock_is_wrong() const { return clock_.shift != Duration::zero(); }

  std::size_t backlog() const { return ready_.size() + timers_.size(); }

 private:
  friend class Scheduler;

  class Clock final : public AsyncClock {
   public:
    explicit Clock(Process& process) : process_(process) {}
    Time now() const override { return process_.scheduler_.now() + shift; }
    Duration monotonic() const override { return process_.scheduler_.elapsed(); }
    Task<void> sleep(Duration duration) override;
    Duration shift{0};

   private:
    Process& process_;
  };
  struct Timer {
    virtual ~Timer() = default;
    virtual void finish(Process& process, boost::system::error_code why) = 0;
  };
  template <class Completion>
  struct Sleeper;

  void post(Handler handler);
  void run_next();
  Scheduler::TimerKey start_timer(Duration wait, std::unique_ptr<Timer> timer);
  void end_timer(Scheduler::TimerKey key, boost::system::error_code why);
  void wake_sleepers();
  Duration next_timer() const;

  Scheduler& scheduler_;
  std::string name_;
  Clock clock_{*this};
  std::deque<Handler> ready_;
  std::map<Scheduler::TimerKey, std::unique_ptr<Timer>> timers_;
  Duration paused_until_{0};
  bool alive_ = true;
  std::function<void(std::exception_ptr)> on_crash_;
};

/// What Asio asks of an executor. It never runs a handler inside execute().
class Process::Executor {
 public:
  explicit Executor(Process& process) : process_(&process) {}

  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept { return *process_; }
  static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }
  Executor require(boost::asio::execution::blocking_t::never_t) const noexcept { return *this; }
  template <class F>
  void execute(F f) const {
    process_->post(Handler(std::move(f)));
  }
  friend bool operator==(const Executor&, const Executor&) = default;

 private:
  Process* process_;
};

}  // namespace calsync::simulation
