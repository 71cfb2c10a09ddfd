// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"

#include <array>
#include <chrono>
#include <cstdlib>

#include "text.hpp"

namespace calsync::emulator {
namespace {

std::int64_t shift_ms = 0;
std::function<std::int64_t()> time_source;

template <class SystemClock>
std::int64_t milliseconds_of() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock::now().time_since_epoch()).count();
}

constexpr std::array<std::string_view, 7> weekdays{"Thu", "Fri", "Sat", "Sun",
                                                   "Mon", "Tue", "Wed"};  // 1970-01-01 first
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

void append_padded(std::string& out, std::int64_t value, int width) {
  char digits[24];
  int n = 0;
  for (std::int64_t rest = value < 0 ? -value : value; rest > 0 || n == 0; rest /= 10)
    digits[n++] = static_cast<char>('0' + rest % 10);
  while (n < width) digits[n++] = '0';
  while (n > 0) out += digits[--n];
}

// Exactly `count` digits at `at`.
std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::int64_t now_ms() {
  return (time_source ? time_source() : milliseconds_of<std::chrono::system_clock>()) + shift_ms;
}
std::int64_t steady_ms() { return time_source ? time_source() : milliseconds_of<std::chrono::steady_clock>(); }
void set_time_source(std::function<std::int64_t()> milliseconds) { time_source = std::move(milliseconds); }
void advance_clock(std::int64_t milliseconds) { shift_ms += milliseconds; }
void reset_clock() { shift_ms = 0; }

// Both conversions count years from March, so that the leap day is the last of the year.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

CivilTime civil_from_seconds(std::int64_t seconds) {
  const std::int64_t days = floor_div(seconds, 86400);
  const int in_day = static_cast<int>(seconds - days * 86400);
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = floor_div(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  civil.hour = in_day / 3600;
  civil.minute = in_day / 60 % 60;
  civil.second = in_day % 60;
  return civil;
}

std::int64_t seconds_from_civil(const CivilTime& c) {
  return days_from_civil(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
}

bool valid_civil(const CivilTime& c) {
  if (c.year < 1 || c.year > 9999 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31) return false;
  if (c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 60) return false;
  const CivilTime back = civil_from_seconds(days_from_civil(c.year, c.month, c.day) * 86400);
  return back.month == c.month && back.day == c.day;
}

void append_date(std::string& out, std::int64_t seconds) {
  const CivilTime c = civil_from_seconds(seconds);
  append_padded(out, c.year, 4);
  out += '-';
  append_padded(out, c.month, 2);
  out += '-';
  append_padded(out, c.day, 2);
}

void append_rfc3339(std::string& out, std::int64_t seconds, int utc_offset) {
  const CivilTime c = civil_from_seconds(seconds + utc_offset);
  append_date(out, seconds + utc_offset);
  out += 'T';
  append_padded(out, c.hour, 2);
  out += ':';
  append_padded(out, c.minute, 2);
  out += ':';
  append_padded(out, c.second, 2);
  if (utc_offset == 0) {
    out += 'Z';
    return;
  }
  const int minutes = std::abs(utc_offset) / 60;
  out += utc_offset < 0 ? '-' : '+';
  append_padded(out, minutes / 60, 2);
  out += ':';
  append_padded(out, minutes % 60, 2);
}

std::string rfc3339_ms(std::int64_t milliseconds) {
  const std::int64_t seconds = floor_div(milliseconds, 1000);
  std::string out;
  append_rfc3339(out, seconds, 0);
  out.pop_back();
  out += '.';
  append_padded(out, milliseconds - seconds * 1000, 3);
  out += 'Z';
  return out;
}

std::string basic_date(std::int64_t seconds) {
  const CivilTime c = civil_from_seconds(seconds);
  std::string out;
  append_padded(out, c.year, 4);
  append_padded(out, c.month, 2);
  append_padded(out, c.day, 2);
  return out;
}

std::string basic_utc(std::int64_t seconds) {
  const CivilTime c = civil_from_seconds(seconds);
  std::string out = basic_date(seconds);
  out += 'T';
  append_padded(out, c.hour, 2);
  append_padded(out, c.minute, 2);
  append_padded(out, c.second, 2);
  out += 'Z';
  return out;
}

std::string http_date(std::int64_t seconds) {
  const CivilTime c = civil_from_seconds(seconds);
  const std::int64_t days = floor_div(seconds, 86400);
  std::string out(weekdays[static_cast<std::size_t>(days - floor_div(days, 7) * 7)]);
  out += ", ";
  append_padded(out, c.day, 2);
  out += ' ';
  out += months[static_cast<std::size_t>(c.month - 1)];
  out += ' ';
  append_padded(out, c.year, 4);
  out += ' ';
  append_padded(out, c.hour, 2);
  out += ':';
  append_padded(out, c.minute, 2);
  out += ':';
  append_padded(out, c.second, 2);
  out += " GMT";
  return out;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  CivilTime c;
  const auto day = digits_at(text, 5, 2), year = digits_at(text, 12, 4), hour = digits_at(text, 17, 2),
             minute = digits_at(text, 20, 2), second = digits_at(text, 23, 2);
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  c.month = 0;
  for (std::size_t i = 0; i < months.size(); ++i)
    if (months[i] == text.substr(8, 3)) c.month = static_cast<int>(i) + 1;
  c.year = *year, c.day = *day, c.hour = *hour, c.minute = *minute, c.second = *second;
  if (!valid_civil(c)) return std::nullopt;
  return seconds_from_civil(c);
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
  if (text.size() != 10 || !year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const CivilTime c{*year, *month, *day, 0, 0, 0};
  if (!valid_civil(c)) return std::nullopt;
  return seconds_from_civil(c);
}

std::optional<ParsedDateTime> parse_rfc3339(std::string_view text) {
  if (text.size() < 16) return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const auto hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2);
  if (!date || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !hour || !minute || text[13] != ':')
    return std::nullopt;
  std::size_t at = 16;
  int second = 0;
  ParsedDateTime parsed;
  if (at < text.size() && text[at] == ':') {
    const auto found = digits_at(text, at + 1, 2);
    if (!found) return std::nullopt;
    second = *found;
    at += 3;
  }
  if (at < text.size() && text[at] == '.') {
    int scale = 100;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      parsed.milliseconds += (text[at] - '0') * scale;
    if (at == first) return std::nullopt;
  }
  if (*hour > 23 || *minute > 59 || second > 60) return std::nullopt;
  parsed.local_seconds = *date + *hour * 3600 + *minute * 60 + second;
  const std::string_view zone = text.substr(at);
  if (zone.empty()) return parsed;
  if (zone == "Z" || zone == "z") {
    parsed.utc_offset = 0;
    return parsed;
  }
  if (zone[0] != '+' && zone[0] != '-') return std::nullopt;
  const auto zone_hour = digits_at(zone, 1, 2);
  const bool colon = zone.size() == 6 && zone[3] == ':';
  const auto zone_minute = digits_at(zone, colon ? 4 : 3, 2);
  if (!zone_hour || !zone_minute || (zone.size() != 5 && !colon) || *zone_hour > 23 || *zone_minute > 59)
    return std::nullopt;
  parsed.utc_offset = (*zone_hour * 3600 + *zone_minute * 60) * (zone[0] == '-' ? -1 : 1);
  return parsed;
}

}  // namespace calsync::emulator
