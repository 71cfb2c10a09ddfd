// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/process.hpp"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

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

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double resident_pages() {
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident;
}

/// Without the one that the looking itself opens.
double open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

/// When the machine started, by its clocks: /proc/stat may be out of sight (ProcSubset=pid).
double boot_time() {
  timespec now{};
  timespec running{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &running);
  return static_cast<double>(now.tv_sec - running.tv_sec) + static_cast<double>(now.tv_nsec - running.tv_nsec) / 1e9;
}

/// The 22nd field of /proc/self/stat (proc(5)) counts ticks since the machine's start.
double start_time() {
  std::ifstream own("/proc/self/stat");
  std::string line;
  std::getline(own, line);
  const auto after_name = line.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(line.substr(after_name + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  if (field.empty()) return 0;
  return boot_time() + std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
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

void forbid_core_dumps() {
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  const rlimit nothing{0, 0};
  setrlimit(RLIMIT_CORE, &nothing);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

pid_t process_id() { return getpid(); }

ProcessFigures process_figures() {
  ProcessFigures figures;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  figures.resident_bytes = resident_pages() * static_cast<double>(sysconf(_SC_PAGESIZE));
  figures.open_fds = open_descriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = static_cast<double>(limit.rlim_cur);
  static const double started = start_time();
  figures.start_time_seconds = started;
  return figures;
}

}  // namespace calsync
