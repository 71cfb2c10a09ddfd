// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/calendar/posix_tz.hpp"

namespace calsync::calendar {

/// Offsets of one zone, as read from a TZif file (RFC 9636). Immutable.
class ZoneRules {
 public:
  /// Nothing when the bytes are no TZif file of version 2 or later.
  static std::optional<ZoneRules> parse(std::string_view bytes);
  /// Seconds east of UTC. Before the first known transition: the file's first offset.
  std::chrono::seconds offset_at(std::chrono::sys_seconds instant) const;

 private:
  std::vector<std::int64_t> transitions_;  ///< seconds since the epoch, ascending
  std::vector<std::int32_t> offsets_;      ///< from each transition on
  std::int32_t first_offset_ = 0;
  std::optional<PosixTz> afterwards_;
};

}  // namespace calsync::calendar
