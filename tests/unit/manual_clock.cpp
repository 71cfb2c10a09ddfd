// SPDX-License-Identifier: Apache-2.0
#include "manual_clock.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <vector>

namespace calsync::testing {

struct ManualClock::Alarm {
  Alarm(Duration time, const asio::any_io_executor& executor) : at(time), ring(executor, 1) {}
  Duration at;
  asio::experimental::channel<void(boost::system::error_code)> ring;
};

ManualClock::ManualClock() = default;
ManualClock::~ManualClock() = default;

Task<void> ManualClock::sleep(Duration duration) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto alarm = std::make_shared<Alarm>(elapsed_ + duration, executor);
  if (duration <= Duration::zero()) {
    alarm->ring.try_send(boost::system::error_code());
  } else {
    alarms_.push_back(alarm);
  }
  const auto [error] = co_await alarm->ring.async_receive(asio::as_tuple(asio::use_awaitable));
  alarms_.remove(alarm);
  if (error) throw boost::system::system_error(asio::error::operation_aborted);
}

void ManualClock::advance(Duration duration) {
  elapsed_ += duration;
  std::vector<std::shared_ptr<Alarm>> due;
  for (const auto& alarm : alarms_) {
    if (alarm->at <= elapsed_) due.push_back(alarm);
  }
  std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) { return a->at < b->at; });
  for (const auto& alarm : due) {
    alarms_.remove(alarm);
    alarm->ring.try_send(boost::system::error_code());
  }
}

}  // namespace calsync::testing
