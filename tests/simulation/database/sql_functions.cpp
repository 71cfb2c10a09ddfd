// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/sql_functions.hpp"

#include <fmt/format.h>

#include <cmath>

#include "common/base/ids.hpp"

namespace calsync::simulation::sqlf {
namespace {

constexpr double micros_per_second = 1e6;
constexpr double seconds_per_day = 86400;

double to_micros(double seconds) { return std::rint(seconds * micros_per_second) / micros_per_second; }

}  // namespace

Duration seconds(double secs) { return Duration(static_cast<std::int64_t>(std::rint(secs * micros_per_second))); }

Duration scaled(Duration interval, double factor) {
  // A difference of instants has days and a time of day, and Postgres multiplies them one after the other.
  const Duration day = std::chrono::days(1);
  const double days = static_cast<double>(interval / day);
  const double time = static_cast<double>((interval % day).count());
  double whole_days = std::trunc(days * factor);
  double remainder = to_micros((days * factor - whole_days) * seconds_per_day);
  if (std::abs(remainder) >= seconds_per_day) {
    const double more = std::trunc(remainder / seconds_per_day);
    whole_days += more;
    remainder -= more * seconds_per_day;
  }
  const double micros = std::rint(time * factor + remainder * micros_per_second);
  return day * static_cast<std::int64_t>(whole_days) + Duration(static_cast<std::int64_t>(micros));
}

std::string left(std::string text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (begins && count-- == 0) break;
  }
  text.resize(at);
  return text;
}

std::int64_t milliseconds(Duration interval) {
  const std::int64_t micros = interval.count();
  return (micros + (micros < 0 ? -500 : 500)) / 1000;
}

Duration attempt_pause(int attempts) {
  const double minutes = std::min(60.0, std::pow(2.0, std::min(attempts, 6)));
  return std::chrono::minutes(static_cast<int>(minutes));
}

Duration growing_pause(int attempts, double unit) {
  return seconds(std::min(21600.0, 60 * std::pow(2.0, std::min(attempts, 10))) * (0.5 + unit));
}

std::string parameter(std::string text) {
  const std::size_t end = text.find('\0');
  if (end != std::string::npos) text.resize(end);
  return text;
}

const std::string& json_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) refuse("22P05", "unsupported Unicode escape sequence");
  return text;
}

std::vector<std::string> elements(const std::string& literal) {
  std::vector<std::string> out;
  bool quoted = false;
  for (std::size_t at = 0; at < literal.size(); ++at) {
    const char one = literal[at];
    if (one == '"') {
      quoted = !quoted;
      if (quoted) out.emplace_back();
    } else if (quoted) {
      out.back() += one == '\\' ? literal[++at] : one;
    }
  }
  return out;
}

double rounded(double number, int decimals) { return std::stod(fmt::format("{:.{}f}", number, decimals)); }

std::string uuid(const std::string& text) {
  std::optional<std::string> canonical = canonical_uuid(text);
  if (!canonical) refuse("22P02", "invalid input syntax for type uuid: \"" + text + "\"");
  return std::move(*canonical);
}

void refuse(const char* sqlstate, std::string message) { throw db::DatabaseError(std::move(message), sqlstate); }

}  // namespace calsync::simulation::sqlf
