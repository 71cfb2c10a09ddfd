// SPDX-License-Identifier: Apache-2.0
// What one call changed: each calendar and each calendar list once, however many rows of it were touched.
#pragma once

#include <functional>
#include <set>
#include <string>

namespace calsync::emulator {

struct ResourceMarks {
  std::set<std::string, std::less<>> calendars;  // ids
  std::set<std::string, std::less<>> lists;      // e-mail addresses
  bool empty() const { return calendars.empty() && lists.empty(); }
};

}  // namespace calsync::emulator
