// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/process.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <set>

#include "common/async/cancelled.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/system_clock.hpp"

namespace calsync {
namespace {

using namespace std::chrono_literals;

/// A service manager's end of sd_notify(3), on an abstract socket that leaves no file.
class ServiceManager {
 public:
  ServiceManager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "calsync-test-" + std::to_string(process_id());
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~ServiceManager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  std::string next_message() const {
    std::array<char, 512> buffer{};
    const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
    return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

TEST_CASE("the service manager is told what happens", "[runtime][process]") {
  const ServiceManager manager;
  CHECK(notify_ready("serving"));
  CHECK(manager.next_message() == "READY=1\nSTATUS=serving");
  CHECK(notify_status("12 runs\nREADY=0"));
  CHECK(manager.next_message() == "STATUS=12 runs READY=0");
  CHECK(notify_reloading());
  CHECK_THAT(manager.next_message(), Catch::Matches("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  CHECK(feed_watchdog());
  CHECK(manager.next_message() == "WATCHDOG=1");
  CHECK(notify_stopping("draining"));
  CHECK(manager.next_message() == "STOPPING=1\nSTATUS=draining");
  CHECK(manager.next_message() == "nothing");
}

TEST_CASE("without a service manager nothing is told", "[runtime][process]") {
  ::unsetenv("NOTIFY_SOCKET");
  CHECK_FALSE(notify_ready("serving"));
  CHECK_FALSE(feed_watchdog());
}

TEST_CASE("the watchdog's interval is read from the unit's environment", "[runtime][process]") {
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  CHECK(watchdog_interval() == std::optional<Duration>(30s));
  ::unsetenv("WATCHDOG_USEC");
  CHECK_FALSE(watchdog_interval());
}

TEST_CASE("the process knows its host and id", "[runtime][process]") {
  CHECK_FALSE(host_name().empty());
  CHECK(process_id() == ::getpid());
}

TEST_CASE("random bytes are as many as asked for and differ", "[runtime][random]") {
  OsRandom random;
  CHECK(random.bytes(0).empty());
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = random.bytes(16);
    CHECK(bytes.size() == 16);
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("the system clock goes forward", "[runtime][clock]") {
  const SystemClock clock;
  const Duration before = clock.monotonic();
  CHECK(clock.now() > Time(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
  CHECK(clock.monotonic() >= before);
}

/// Outcome of one sleep.
struct Sleep {
  bool over = false;
  std::exception_ptr exception;
  auto recorder() {
    return [this](std::exception_ptr failure) {
      over = true;
      exception = failure;
    };
  }
};

TEST_CASE("a sleep lasts as long as asked for", "[runtime][clock]") {
  asio::io_context context;
  SystemClock clock;
  const Duration wait = GENERATE(Duration(2ms), Duration(0), Duration(-5s), Duration::min());
  const Duration before = clock.monotonic();
  Sleep sleep;
  asio::co_spawn(context, clock.sleep(wait), sleep.recorder());
  context.run();
  CHECK(sleep.over);
  CHECK_FALSE(sleep.exception);
  CHECK(clock.monotonic() - before >= wait);
}

TEST_CASE("a sleep without end neither ends nor overflows, and can be cancelled", "[runtime][clock]") {
  asio::io_context context;
  SystemClock clock;
  asio::cancellation_signal cancel;
  Sleep sleep;
  asio::co_spawn(context, clock.sleep(Duration::max()), asio::bind_cancellation_slot(cancel.slot(), sleep.recorder()));
  context.poll();
  CHECK_FALSE(sleep.over);
  cancel.emit(asio::cancellation_type::terminal);
  context.restart();
  context.run();
  REQUIRE(sleep.exception);
  CHECK(is_cancellation(sleep.exception));
}

}  // namespace
}  // namespace calsync
