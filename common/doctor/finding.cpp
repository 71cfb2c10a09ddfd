// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/finding.hpp"

#include <algorithm>

#include "common/runtime/daemon.hpp"

namespace calsync::doctor {

std::string line_of(const Finding& finding) {
  const char* grade = finding.grade == Grade::ok ? "ok" : finding.grade == Grade::warn ? "warn" : "fail";
  std::string line = std::string(grade) + " " + finding.name + ": " + finding.what;
  if (!finding.fix.empty()) line += "; fix: " + finding.fix;
  // What a server said may have several lines.
  std::ranges::replace(line, '\n', ' ');
  return line;
}

int exit_status(const Findings& findings) {
  const auto any = [&](Grade grade) {
    return std::ranges::any_of(findings, [&](const Finding& one) { return one.grade == grade; });
  };
  if (any(Grade::wrong)) return exit_usage;
  return any(Grade::away) ? exit_fatal : exit_ok;
}

}  // namespace calsync::doctor
