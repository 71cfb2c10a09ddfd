// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/system_clock.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace calsync {

Time SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Duration SystemClock::monotonic() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

Task<void> SystemClock::sleep(Duration duration) {
  // The timer counts nanoseconds: Duration::max(), the natural "for ever", would overflow into the past.
  constexpr Duration longest = std::chrono::hours(24 * 365);
  const Duration wait = std::clamp(duration, Duration::zero(), longest);
  asio::steady_timer timer(co_await asio::this_coro::executor, wait);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace calsync
