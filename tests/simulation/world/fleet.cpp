// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/fleet.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace calsync::simulation {
namespace {

/// One seed's report as lines of text, ended by "end".
std::string write_report(const Report& report) {
  std::string out = fmt::format("seed {}\nhash {}\ntime {}\nsteps {}\ncommits {}\n", report.seed, report.trace_hash,
                                report.virtual_time.count(), report.steps, report.commits);
  if (report.repeated_hash) out += fmt::format("again {}\n", *report.repeated_hash);
  for (const auto& [name, times] : report.fired) out += fmt::format("fired {} {}\n", times, name);
  if (report.violation) {
    std::string what = report.violation->what;
    for (char& one : what) one = one == '\n' ? ' ' : one;
    out += fmt::format("broken {} {}\n", report.violation->invariant, what);
  }
  return out + "end\n";
}

void read_line(const std::string& line, Report& report) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  if (kind == "seed") words >> report.seed;
  if (kind == "hash") words >> report.trace_hash;
  if (kind == "steps") words >> report.steps;
  if (kind == "commits") words >> report.commits;
  if (kind == "again") words >> report.repeated_hash.emplace();
  if (kind == "time") {
    std::int64_t count = 0;
    words >> count;
    report.virtual_time = Duration(count);
  }
  if (kind == "fired") {
    int times = 0;
    std::string name;
    words >> times >> name;
    report.fired[name] = times;
  }
  if (kind == "broken") {
    Violation& violation = report.violation.emplace();
    words >> violation.invariant;
    std::getline(words >> std::ws, violation.what);
  }
}

class Child {
 public:
  /// Does every `stride`-th seed from `next` on.
  Child(std::uint64_t next, std::uint64_t last, std::uint64_t stride, const std::function<Report(std::uint64_t)>& work)
      : next_(next), last_(last), stride_(stride), work_(work) {
    begin();
  }

  int descriptor() const { return pipe_; }
  bool done() const { return pipe_ < 0; }

  /// Something can be read, or the child has ended.
  void read(const std::function<void(const Report&)>& take) {
    char buffer[65536];
    const ssize_t got = ::read(pipe_, buffer, sizeof buffer);
    if (got <= 0) return end(take);
    text_.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t line_end = text_.find('\n'); line_end != text_.npos; line_end = text_.find('\n')) {
      const std::string line = text_.substr(0, line_end);
      text_.erase(0, line_end + 1);
      if (line != "end") {
        read_line(line, report_);
        continue;
      }
      take(std::exchange(report_, {}));
      next_ += stride_;
    }
  }

 private:
  void begin() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("no child process");
    if (pid_ == 0) {
      ::close(ends[0]);
      for (std::uint64_t seed = next_; seed <= last_; seed += stride_) {
        const std::string text = write_report(work_(seed));
        for (std::size_t at = 0; at < text.size();) {
          const ssize_t sent = ::write(ends[1], text.data() + at, text.size() - at);
          if (sent <= 0) ::_exit(1);
          at += static_cast<std::size_t>(sent);
        }
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }

  void end(const std::function<void(const Report&)>& take) {
    ::close(std::exchange(pipe_, -1));
    int status = 0;
    ::waitpid(pid_, &status, 0);
    report_ = {};
    text_.clear();
    if (next_ > last_) return;
    Report died;
    died.seed = next_;
    died.violation = Violation{"I0", fmt::format("the process died (status {:#x})", status)};
    take(died);
    next_ += stride_;
    if (next_ <= last_) begin();
  }

  std::uint64_t next_, last_, stride_;
  const std::function<Report(std::uint64_t)>& work_;
  int pipe_ = -1;
  pid_t pid_ = 0;
  std::string text_;
  Report report_;
};

}  // namespace

void run_fleet(std::uint64_t first, std::uint64_t last, int jobs, const std::function<Report(std::uint64_t)>& work,
               const std::function<void(const Report&)>& take) {
  std::vector<Child> children;
  const auto stride = static_cast<std::uint64_t>(std::max(1, jobs));
  for (std::uint64_t one = 0; one < stride && first + one <= last; ++one)
    children.emplace_back(first + one, last, stride, work);
  for (;;) {
    std::vector<pollfd> waiting;
    for (const Child& one : children) {
      if (!one.done()) waiting.push_back({one.descriptor(), POLLIN, 0});
    }
    if (waiting.empty()) return;
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    for (Child& one : children) {
      for (const pollfd& ready : waiting) {
        if (ready.fd == one.descriptor() && ready.revents != 0 && !one.done()) {
          one.read(take);
          break;
        }
      }
    }
  }
}

}  // namespace calsync::simulation
