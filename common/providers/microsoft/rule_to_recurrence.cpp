// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "common/calendar/timezone.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"

namespace calsync::microsoft {
namespace {

using calendar::EventTime;
using Parts = std::map<std::string, std::string, std::less<>>;

constexpr std::array<std::string_view, 7> day_codes{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
/// Every month has it.
constexpr int last_safe_day = 28;

Error no_rule(std::string_view why) { return fail(Failure::malformed, fmt::format("the RRULE {}", why)); }
Error not_in_graph(std::string_view why) {
  return fail(Failure::rejected, fmt::format("Microsoft's calendars cannot repeat an event like this: {}", why));
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::weekday> day_of(std::string_view code) {
  const auto found = std::find(day_codes.begin(), day_codes.end(), code);
  if (found == day_codes.end()) return std::nullopt;
  return std::chrono::weekday(static_cast<unsigned>(found - day_codes.begin()));
}

Result<Parts> parts_of(std::string_view line) {
  if (line.starts_with("RRULE:")) line.remove_prefix(6);
  Parts parts;
  for (const std::string_view part : split(line, ';')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return no_rule("has a part without a value");
    std::string name(part.substr(0, equals));
    std::string value(part.substr(equals + 1));
    for (std::string* text : {&name, &value}) {
      std::transform(text->begin(), text->end(), text->begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
    if (!parts.emplace(std::move(name), std::move(value)).second) return no_rule("has a part twice");
  }
  return parts;
}

/// Reads the parts of one rule into a recurrence.
class RuleReader {
 public:
  RuleReader(Parts parts, const EventTime& start) : parts_(std::move(parts)), start_(start) {
    out_.start = local_date(start);
  }

  Result<Recurrence> read() {
    for (const char* name : {"BYHOUR", "BYMINUTE", "BYSECOND", "BYYEARDAY", "BYWEEKNO", "RSCALE", "SKIP"}) {
      if (parts_.contains(name)) return not_in_graph(fmt::format("{} has no counterpart", name));
    }
    if (auto read = read_numbers(); !read) return read.error();
    if (auto read = read_days(); !read) return read.error();
    if (auto read = read_frequency(); !read) return read.error();
    if (auto read = read_end(); !read) return read.error();
    return out_;
  }

 private:
  std::chrono::year_month_day local_date(const EventTime& time) const {
    if (time.date) return *time.date;
    const Time instant = time.instant.value_or(Time());
    return std::chrono::floor<std::chrono::days>(calendar::wall_time(instant, time.time_zone).value_or(instant));
  }
  std::string_view text(std::string_view name) const {
    const auto found = parts_.find(name);
    return found == parts_.end() ? std::string_view() : std::string_view(found->second);
  }

  Result<void> read_number(std::string_view name, std::optional<int>& out) const {
    if (!parts_.contains(name)) return {};
    if (text(name).find(',') != std::string_view::npos) return not_in_graph(fmt::format("{} is a list", name));
    out = number(text(name));
    if (!out) return no_rule(fmt::format("has a {} that is no number", name));
    return {};
  }

  Result<void> read_numbers() {
    for (const auto& [name, out] : {std::pair<std::string_view, std::optional<int>*>{"INTERVAL", &interval_},
                                    {"COUNT", &count_},
                                    {"BYMONTHDAY", &month_day_},
                                    {"BYMONTH", &month_},
                                    {"BYSETPOS", &position_}}) {
      if (auto read = read_number(name, *out); !read) return read;
    }
    if (interval_ && *interval_ < 1) return no_rule("has an INTERVAL below 1");
    if (count_ && *count_ < 1) return no_rule("has a COUNT below 1");
    if (month_ && (*month_ < 1 || *month_ > 12)) return no_rule("has no such month");
    if (month_day_ && *month_day_ < 1) return not_in_graph("it counts days from the end of the month");
    out_.interval = interval_.value_or(1);
    if (const std::string_view week = text("WKST"); !week.empty() && !day_of(week)) return no_rule("has no such WKST");
    out_.first_day = day_of(text("WKST")).value_or(std::chrono::Monday);
    return {};
  }

  Result<void> read_days() {
    if (!parts_.contains("BYDAY")) return {};
    std::array<bool, 7> named{};
    for (const std::string_view one : split(text("BYDAY"), ',')) {
      if (one.size() < 2) return no_rule("has no such BYDAY");
      const auto day = day_of(one.substr(one.size() - 2));
      if (!day) return no_rule("has no such BYDAY");
      named[day->c_encoding()] = true;
      if (one.size() == 2) continue;
      const auto nth = number(one.substr(0, one.size() - 2));
      if (!nth) return no_rule("has no such BYDAY");
      if (nth_ || position_ || split(text("BYDAY"), ',').size() > 1)
        return not_in_graph("it names several numbered days");
      nth_ = nth;
    }
    for (unsigned day = 0; day < named.size(); ++day) {
      if (named[day]) out_.days.emplace_back(day);
    }
    return {};
  }

  Result<void> read_frequency() {
    const std::string_view frequency = text("FREQ");
    if (frequency == "DAILY") return read_daily();
    if (frequency == "WEEKLY") return read_weekly();
    if (frequency == "MONTHLY") return read_monthly(PatternType::absolute_monthly, PatternType::relative_monthly);
    if (frequency == "YEARLY") return read_yearly();
    return frequency.empty() ? no_rule("has no FREQ") : not_in_graph("it repeats more often than once a day");
  }

  Result<void> read_daily() {
    if (month_ || month_day_ || position_ || nth_) return not_in_graph("it picks days by month");
    if (out_.days.empty()) {
      out_.type = PatternType::daily;
      return {};
    }
    // Every day that is one of these, which is what a week of them is.
    if (out_.interval != 1) return not_in_graph("it skips days and names days of the week");
    return read_weekly();
  }

  Result<void> read_weekly() {
    if (month_ || month_day_ || position_ || nth_) return not_in_graph("it picks weeks by month");
    out_.type = PatternType::weekly;
    if (out_.days.empty()) out_.days.emplace_back(std::chrono::sys_days(out_.start));
    return {};
  }

  Result<void> read_monthly(PatternType absolute, PatternType relative) {
    if (out_.days.empty()) {
      if (position_) return not_in_graph("BYSETPOS without days of the week");
      out_.type = absolute;
      out_.day_of_month = month_day_ ? static_cast<unsigned>(*month_day_) : static_cast<unsigned>(out_.start.day());
      if (static_cast<int>(out_.day_of_month) > last_safe_day && !every_year_has_it())
        return not_in_graph("not every month has that day");
      return {};
    }
    if (month_day_) return not_in_graph("it names days of the week and of the month");
    const std::optional<int> index = nth_ ? nth_ : position_;
    if (!index) return not_in_graph("it names all such days of a month");
    if (*index != -1 && (*index < 1 || *index > 4)) return not_in_graph("it counts further than to the fourth day");
    out_.type = relative;
    out_.index = *index;
    return {};
  }

  Result<void> read_yearly() {
    if (!month_ && !out_.days.empty()) return not_in_graph("it counts days of the week over the year");
    out_.month = month_ ? static_cast<unsigned>(*month_) : static_cast<unsigned>(out_.start.month());
    yearly_ = true;
    return read_monthly(PatternType::absolute_yearly, PatternType::relative_yearly);
  }

  bool every_year_has_it() const {
    return yearly_ &&
           (std::chrono::year(2025) / std::chrono::month(out_.month) / std::chrono::day(out_.day_of_month)).ok();
  }

  Result<void> read_end() {
    if (count_ && parts_.contains("UNTIL")) return no_rule("has both COUNT and UNTIL");
    if (count_) {
      out_.range = RangeType::numbered;
      out_.count = *count_;
    }
    const std::string_view until = text("UNTIL");
    if (until.empty()) return {};
    out_.range = RangeType::end_date;
    const auto end = last_date(until);
    if (!end) return no_rule("has an UNTIL that is no date");
    out_.end = *end;
    return {};
  }

  /// The last day that may have an occurrence: the day before, when UNTIL is earlier in its day than the event.
  std::optional<std::chrono::year_month_day> last_date(std::string_view until) const {
    if (until.size() < 8) return std::nullopt;
    const auto date = parse_date(fmt::format("{}-{}-{}", until.substr(0, 4), until.substr(4, 2), until.substr(6, 2)));
    if (!date || until.size() == 8 || !start_.instant) return date;
    if (until.size() < 15 || until[8] != 'T') return std::nullopt;
    const auto told = parse_rfc3339(
        fmt::format("{}T{}:{}:{}Z", format_date(*date), until.substr(9, 2), until.substr(11, 2), until.substr(13, 2)));
    if (!told) return std::nullopt;
    const bool utc = until.ends_with('Z');
    const Time wall = utc ? calendar::wall_time(*told, start_.time_zone).value_or(*told) : *told;
    const Time begin = calendar::wall_time(*start_.instant, start_.time_zone).value_or(*start_.instant);
    const auto day = std::chrono::floor<std::chrono::days>(wall);
    const bool too_early = wall - day < begin - std::chrono::floor<std::chrono::days>(begin);
    return std::chrono::year_month_day(too_early ? day - std::chrono::days(1) : day);
  }

  Parts parts_;
  EventTime start_;
  Recurrence out_;
  std::optional<int> interval_, count_, month_day_, month_, position_, nth_;
  bool yearly_ = false;
};

}  // namespace

Result<Recurrence> recurrence_of(std::string_view rrule, const EventTime& start) {
  auto parts = parts_of(rrule);
  if (!parts) return parts.error();
  return RuleReader(*std::move(parts), start).read();
}

}  // namespace calsync::microsoft
