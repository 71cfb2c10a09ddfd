// SPDX-License-Identifier: Apache-2.0
// IANA time zones, read from the system's compiled zone files (RFC 8536).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace calsync::emulator {

// One half-year rule of a POSIX TZ string, for instants after the last listed transition.
struct YearlyRule {
  enum class Kind { month_week_day, julian_without_leap_day, zero_based_day };
  Kind kind = Kind::month_week_day;
  int month = 0, week = 0, day = 0, time = 7200;
};

class Zone {
 public:
  const std::string& name() const { return name_; }
  int offset_at(std::int64_t utc_seconds) const;
  // A wall time that a clock change skips is read with the offset before the change, one that occurs twice is the
  // first one (RFC 5545 section 3.3.5).
  std::int64_t to_utc(std::int64_t local_seconds) const;

 private:
  friend class ZoneFile;
  std::string name_;
  std::vector<std::int64_t> transitions_;
  std::vector<int> offsets_;  // offsets_[i] holds from transitions_[i]
  int first_offset_ = 0;
  int standard_offset_ = 0, daylight_offset_ = 0;
  bool has_daylight_rule_ = false, has_rule_ = false;
  YearlyRule daylight_begins_, daylight_ends_;
};

const Zone* find_zone(std::string_view name);  // null when the name is no IANA zone; the pointer stays valid
const Zone* utc_zone();
const std::vector<std::string>& known_zone_names();  // one name a region, from the system's zone table

}  // namespace calsync::emulator
