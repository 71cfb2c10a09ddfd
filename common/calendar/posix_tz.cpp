// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/posix_tz.hpp"

#include <cctype>

namespace calsync::calendar {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

class PosixTz::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<PosixTz> parse() {
    PosixTz rule;
    if (!name() || !offset(rule.standard_)) return std::nullopt;
    if (rest_.empty()) return rule;
    rule.has_daylight_ = true;
    if (!name()) return std::nullopt;
    rule.daylight_ = rule.standard_ + std::chrono::hours(1);
    if (!rest_.empty() && rest_[0] != ',' && !offset(rule.daylight_)) return std::nullopt;
    if (!change(rule.begins_) || !change(rule.ends_) || !rest_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name() {
    if (take('<')) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    std::size_t length = 0;
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length]))) ++length;
    rest_.remove_prefix(length);
    return length >= 3;
  }

  bool number(int& value, int most) {
    std::size_t length = 0;
    value = 0;
    for (; length < rest_.size() && length < 4 && rest_[length] >= '0' && rest_[length] <= '9'; ++length) {
      value = value * 10 + (rest_[length] - '0');
    }
    rest_.remove_prefix(length);
    return length > 0 && value <= most;
  }

  bool number(unsigned& value, int least, int most) {
    int read = 0;
    if (!number(read, most) || read < least) return false;
    value = static_cast<unsigned>(read);
    return true;
  }

  /// [+-]hh[:mm[:ss]]
  bool time(seconds& value) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0;
    int minutes = 0;
    int rest = 0;
    if (!number(hours, 167)) return false;
    if (take(':') && !number(minutes, 59)) return false;
    if (take(':') && !number(rest, 59)) return false;
    value = std::chrono::hours(hours) + std::chrono::minutes(minutes) + seconds(rest);
    if (negative) value = -value;
    return true;
  }

  /// POSIX counts offsets west of Greenwich.
  bool offset(seconds& value) {
    if (!time(value)) return false;
    value = -value;
    return true;
  }

  bool change(Change& change) {
    if (!take(',') || !day(change)) return false;
    return !take('/') || time(change.time);
  }

  bool day(Change& change) {
    if (take('M')) {
      return number(change.month, 1, 12) && take('.') && number(change.week, 1, 5) && take('.') &&
             number(change.day, 0, 6);
    }
    change.form = take('J') ? Change::Form::day_without_leap : Change::Form::day_from_zero;
    return number(change.day, change.form == Change::Form::day_without_leap ? 1 : 0, 365);
  }

  std::string_view rest_;
};

local_seconds PosixTz::Change::in(std::chrono::year year) const {
  using namespace std::chrono;
  if (form == Form::day_from_zero) return local_days(year / January / 1) + days(day) + time;
  if (form == Form::day_without_leap) {
    const bool after_leap_day = year.is_leap() && day >= 60;
    return local_days(year / January / 1) + days(day - 1) + days(after_leap_day ? 1 : 0) + time;
  }
  const weekday on(day);
  if (week == 5) return local_days(year / std::chrono::month(month) / on[last]) + time;
  return local_days(year / std::chrono::month(month) / on[week]) + time;
}

std::optional<PosixTz> PosixTz::parse(std::string_view text) { return Parser(text).parse(); }

seconds PosixTz::offset_at(sys_seconds instant) const {
  if (!has_daylight_) return standard_;
  const auto day = std::chrono::floor<days>(instant + standard_);
  const auto year = std::chrono::year_month_day(day).year();
  const sys_seconds begin((begins_.in(year)-standard_).time_since_epoch());
  const sys_seconds end((ends_.in(year)-daylight_).time_since_epoch());
  const bool daylight = begin < end ? instant >= begin && instant < end : instant >= begin || instant < end;
  return daylight ? daylight_ : standard_;
}

}  // namespace calsync::calendar
