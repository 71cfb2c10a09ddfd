// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace calsync {

/// A point in UTC, microseconds as in Postgres.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Where everything below the composition root learns the time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;  ///< wall time: for rows and for what people read
  /// Never goes back; its zero is arbitrary. For deadlines and durations.
  virtual Duration monotonic() const = 0;
};

/// "2026-03-02T09:00:00.123456Z" (RFC 3339); the fraction is left out when it is zero.
std::string format_rfc3339(Time time);
/// Date-time with offset (RFC 3339 section 5.6), also with lower-case t/z and up to nine fraction digits.
std::optional<Time> parse_rfc3339(std::string_view text);
/// "YYYY-MM-DD".
std::string format_date(std::chrono::year_month_day date);
std::optional<std::chrono::year_month_day> parse_date(std::string_view text);
/// "Tue, 19 Nov 2026 01:13:52 GMT" (RFC 9110 section 5.6.7, the one form that may be generated).
std::optional<Time> parse_http_date(std::string_view text);
/// An HTTP Retry-After value: delta-seconds or an HTTP-date (RFC 9110 section 10.2.3). Negative becomes zero.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, Time now);

}  // namespace calsync
