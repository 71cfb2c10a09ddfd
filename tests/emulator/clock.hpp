// SPDX-License-Identifier: Apache-2.0
// The emulator's own notion of now (tests can move it) and the text forms of instants.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace calsync::emulator {

std::int64_t now_ms();
// For waiting: tests that move the clock do not move this one.
std::int64_t steady_ms();
// Both clocks become this one; null brings the system's back. Of the process, as is the clock.
void set_time_source(std::function<std::int64_t()> milliseconds);
void advance_clock(std::int64_t milliseconds);
void reset_clock();

struct CivilTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
};
std::int64_t days_from_civil(std::int64_t year, int month, int day);
CivilTime civil_from_seconds(std::int64_t seconds);
std::int64_t seconds_from_civil(const CivilTime& civil);
bool valid_civil(const CivilTime& civil);

void append_date(std::string& out, std::int64_t seconds);                     // 2026-03-02
void append_rfc3339(std::string& out, std::int64_t seconds, int utc_offset);  // zero offset is written Z
std::string rfc3339_ms(std::int64_t milliseconds);                            // 2026-03-02T08:00:00.000Z
std::string basic_utc(std::int64_t seconds);                                  // 20260302T080000Z
std::string basic_date(std::int64_t seconds);                                 // 20260302
std::string http_date(std::int64_t seconds);                                  // RFC 9110 section 5.6.7
std::optional<std::int64_t> parse_http_date(std::string_view text);

struct ParsedDateTime {
  std::int64_t local_seconds = 0;  // the wall clock read as if it were UTC
  std::optional<int> utc_offset;   // seconds; absent when the text names none
  int milliseconds = 0;
};
std::optional<ParsedDateTime> parse_rfc3339(std::string_view text);
std::optional<std::int64_t> parse_date(std::string_view text);  // midnight, read as UTC

}  // namespace calsync::emulator
