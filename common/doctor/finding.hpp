// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace calsync::doctor {

enum class Grade {
  ok,
  warn,   ///< it works, but not as it could
  wrong,  ///< the configuration has to be corrected
  away    ///< something that it depends on does not answer
};

/// One line of check-config: what was looked at, what was found, and the fix in one sentence.
struct Finding {
  Grade grade = Grade::ok;
  std::string name{};
  std::string what{};
  std::string fix{};
};
using Findings = std::vector<Finding>;

/// "ok|warn|fail NAME: what; fix: one sentence".
std::string line_of(const Finding& finding);
/// 0 = nothing fails; 2 = a setting is wrong; 1 = something it depends on is away.
int exit_status(const Findings& findings);

}  // namespace calsync::doctor
