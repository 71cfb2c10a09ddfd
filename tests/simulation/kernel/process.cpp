// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/kernel/process.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace calsync::simulation {

namespace asio = boost::asio;

/// A coroutine that sleeps. The handler is resumed by the process' executor, never from where its timer ends.
template <class Completion>
struct Process::Sleeper final : Process::Timer {
  explicit Sleeper(Completion given) : completion(std::move(given)) {}
  void finish(Process& process, boost::system::error_code why) override {
    asio::get_associated_cancellation_slot(completion).clear();
    process.post(Handler([done = std::move(completion), why]() mutable { std::move(done)(why); }));
  }
  Completion completion;
};

Process::Process(Scheduler& scheduler, std::string name) : scheduler_(scheduler), name_(std::move(name)) {
  scheduler_.add(*this);
}

Process::~Process() {
  kill();
  destroy();
}

Process::Executor Process::executor() { return Executor(*this); }

void Process::post(Handler handler) {
  // The dead do nothing; what the handler owns goes with it.
  if (alive_) ready_.push_back(std::move(handler));
}

void Process::run_next() {
  Handler handler = std::move(ready_.front());
  ready_.pop_front();
  if (!on_crash_) return handler();
  try {
    handler();
  } catch (...) {
    on_crash_(std::current_exception());
  }
}

void Process::kill() {
  if (!std::exchange(alive_, false)) return;
  scheduler_.remove(*this);
  // Frames that are destroyed may touch queues and timers: each is taken out before it goes.
  while (!ready_.empty() || !timers_.empty()) {
    const auto handlers = std::exchange(ready_, {});
    const auto timers = std::exchange(timers_, {});
  }
  shutdown();
}

void Process::pause(Duration how_long) { paused_until_ = std::max(paused_until_, scheduler_.elapsed() + how_long); }

Scheduler::TimerKey Process::start_timer(Duration wait, std::unique_ptr<Timer> timer) {
  const Duration longest = std::chrono::hours(24 * 3650);
  const Scheduler::TimerKey key{scheduler_.elapsed() + std::min(wait, longest), ++scheduler_.arrivals_};
  timers_.emplace(key, std::move(timer));
  return key;
}

void Process::end_timer(Scheduler::TimerKey key, boost::system::error_code why) {
  auto found = timers_.extract(key);
  if (!found.empty()) found.mapped()->finish(*this, why);
}

void Process::wake_sleepers() {
  while (!timers_.empty() && timers_.begin()->first.first <= scheduler_.elapsed())
    end_timer(timers_.begin()->first, {});
}

Duration Process::next_timer() const {
  const Duration due = timers_.empty() ? Duration::max() : timers_.begin()->first.first;
  const bool waits = !timers_.empty() || !ready_.empty();
  return waits ? std::max(ready_.empty() ? due : scheduler_.elapsed(), paused_until_) : Duration::max();
}

Task<void> Process::Clock::sleep(Duration duration) {
  if (duration <= Duration::zero()) co_return;
  Process& process = process_;
  const auto start = [&process, duration](auto completion) {
    using Completion = decltype(completion);
    const auto slot = asio::get_associated_cancellation_slot(completion);
    const auto key = process.start_timer(duration, std::make_unique<Sleeper<Completion>>(std::move(completion)));
    if (!slot.is_connected()) return;
    auto reachable = slot;
    reachable.assign(
        [&process, key](asio::cancellation_type) { process.end_timer(key, asio::error::operation_aborted); });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(boost::system::error_code)>(start,
                                                                                                 asio::use_awaitable);
}

}  // namespace calsync::simulation
