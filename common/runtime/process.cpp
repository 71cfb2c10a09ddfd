// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/process.hpp"

#include <limits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace calsync {
namespace {

bool notify(const std::string& state) { return sd_notify(0, state.c_str()) > 0; }

/// A line break would start another assignment of the message.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=" + std::string(status);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line;
}

}  // namespace

bool notify_ready(std::string_view status) { return notify("READY=1\n" + status_line(status)); }
bool notify_status(std::string_view status) { return notify(status_line(status)); }
bool notify_stopping(std::string_view status) { return notify("STOPPING=1\n" + status_line(status)); }

bool notify_reloading() {
  // Type=notify-reload (systemd 253) accepts the message only with the time of the request.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  return notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

bool feed_watchdog() { return notify("WATCHDOG=1"); }

std::optional<Duration> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(microseconds));
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

pid_t process_id() { return getpid(); }

}  // namespace calsync
