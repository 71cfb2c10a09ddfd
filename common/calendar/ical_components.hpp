// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/calendar/content_line.hpp"

namespace calsync::calendar {

/// VEVENT, VTIMEZONE, or STANDARD and DAYLIGHT inside the latter.
struct IcalComponent {
  std::string name{};
  std::vector<ContentLine> properties{};
  std::vector<IcalComponent> children{};  ///< of a VTIMEZONE
  std::string raw{};                      ///< of a VEVENT: its lines from BEGIN to END, unfolded, with CRLF
  bool closed = false;                    ///< its END was there, or the next component's BEGIN

  /// The first of that name, null when absent.
  const ContentLine* find(std::string_view property) const;
  /// Its trimmed value, "" when absent.
  std::string_view value_of(std::string_view property) const;
};

/// One VCALENDAR. Its components come in file order.
struct IcalObject {
  IcalComponent head{};  ///< the calendar's own properties
  std::vector<IcalComponent> time_zones{};
  std::vector<IcalComponent> events{};
};

struct IcalStream {
  std::vector<IcalObject> objects{};
  bool complete = false;  ///< the last VCALENDAR has its END: nothing was cut off
};

/// Takes a file apart without judging its values. Every VEVENT that begins comes out: one that never ends is closed by
/// the next component or by the end of the file, and an END that fits nothing is ignored. To-dos, journals, free/busy
/// components and alarms are left out. A VEVENT outside any VCALENDAR is an object of its own.
IcalStream read_components(std::string_view bytes);

}  // namespace calsync::calendar
