// SPDX-License-Identifier: Apache-2.0
#include "common/base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace calsync {
namespace {

using std::chrono::sys_days;

/// Reads exactly `count` digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool has(std::string_view text, std::size_t at, std::string_view any_of) {
  return at < text.size() && any_of.find(text[at]) != std::string_view::npos;
}

std::optional<Time> date_at_clock(std::chrono::year_month_day date, int hour, int minute, int second) {
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

}  // namespace

std::string format_date(std::chrono::year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  if (text.size() != 10 || !year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

std::string format_rfc3339(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto since = time - day;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  const auto micros = (since - std::chrono::seconds(seconds)).count();
  std::string out = format_date(std::chrono::year_month_day(day)) +
                    fmt::format("T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (micros != 0) {
    out += fmt::format(".{:06}", micros);
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!date || !has(text, 10, "Tt ") || !hour || !minute || !second || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  auto time = date_at_clock(*date, *hour, *minute, *second);
  if (!time) return std::nullopt;
  std::size_t at = 19;
  if (has(text, at, ".")) {
    std::int64_t micros = 0;
    std::size_t count = 0;
    for (++at; has(text, at, "0123456789"); ++at, ++count) {
      if (count < 6) micros = micros * 10 + (text[at] - '0');
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) micros *= 10;
    *time += std::chrono::microseconds(micros);
  }
  if (has(text, at, "Zz")) return at + 1 == text.size() ? time : std::nullopt;
  if (!has(text, at, "+-") || at + 6 != text.size() || text[at + 3] != ':') return std::nullopt;
  const auto offset_hour = digits(text, at + 1, 2);
  const auto offset_minute = digits(text, at + 4, 2);
  if (!offset_hour || !offset_minute || *offset_hour > 23 || *offset_minute > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*offset_hour) + std::chrono::minutes(*offset_minute);
  return text[at] == '+' ? *time - offset : *time + offset;
}

std::optional<Time> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto day = digits(text, 5, 2);
  const auto year = digits(text, 12, 4);
  const auto hour = digits(text, 17, 2);
  const auto minute = digits(text, 20, 2);
  const auto second = digits(text, 23, 2);
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  for (unsigned i = 0; i < months.size(); ++i) {
    if (text.substr(8, 3) != months[i]) continue;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(i + 1),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return date_at_clock(date, *hour, *minute, *second);
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, Time now) {
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && stop == text.data() + text.size()) {
    return std::chrono::seconds(seconds < 0 ? 0 : seconds);
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(*date - now);
  return wait < std::chrono::seconds(0) ? std::chrono::seconds(0) : wait;
}

}  // namespace calsync
