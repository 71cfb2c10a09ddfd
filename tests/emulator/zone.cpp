// SPDX-License-Identifier: Apache-2.0
#include "zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "clock.hpp"
#include "text.hpp"

namespace calsync::emulator {

namespace {

std::string zone_directory() {
  const char* configured = std::getenv("TZDIR");
  return configured ? configured : "/usr/share/zoneinfo";
}

std::optional<std::string> read_zone_file(const std::string& name) {
  const std::string path = zone_directory() + "/" + name;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::int64_t rule_seconds(const YearlyRule& rule, std::int64_t year) {
  std::int64_t day = 0;
  const std::int64_t new_year = days_from_civil(year, 1, 1);
  switch (rule.kind) {
    case YearlyRule::Kind::zero_based_day:
      day = new_year + rule.day;
      break;
    case YearlyRule::Kind::julian_without_leap_day: {
      const bool leap = days_from_civil(year + 1, 1, 1) - new_year == 366;
      day = new_year + rule.day - 1 + (leap && rule.day >= 60);
      break;
    }
    case YearlyRule::Kind::month_week_day: {
      const std::int64_t first = days_from_civil(year, rule.month, 1);
      const std::int64_t next =
          rule.month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, rule.month + 1, 1);
      const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;  // 0 = Sunday
      day = first + (rule.day - weekday + 7) % 7 + (rule.week - 1) * 7;
      while (day >= next) day -= 7;
      break;
    }
  }
  return day * 86400 + rule.time;
}

}  // namespace

// Decodes a TZif file into a Zone.
class ZoneFile {
 public:
  explicit ZoneFile(std::string data) : data_(std::move(data)) {}

  std::unique_ptr<Zone> decode(std::string_view name) {
    if (data_.size() < 44 || data_.compare(0, 4, "TZif") != 0) return nullptr;
    const bool wide = data_[4] >= '2';
    if (wide) at_ = block_end(0, 4);  // the 64-bit block follows the 32-bit one
    if (wide && (at_ + 44 > data_.size() || data_.compare(at_, 4, "TZif") != 0)) return nullptr;
    const std::size_t width = wide ? 8 : 4;
    const std::size_t end = block_end(at_, width);
    if (end > data_.size()) return nullptr;
    auto zone = std::make_unique<Zone>();
    zone->name_ = name;
    const std::size_t times = count(at_, 3), types = count(at_, 4);
    if (types == 0) return nullptr;
    const std::size_t time_at = at_ + 44, index_at = time_at + times * width, type_at = index_at + times;
    zone->first_offset_ = static_cast<int>(integer(type_at, 4));
    for (std::size_t i = 0; i < times; ++i) {
      const std::size_t type = static_cast<unsigned char>(data_[index_at + i]);
      if (type >= types) return nullptr;
      zone->transitions_.push_back(integer(time_at + i * width, width));
      zone->offsets_.push_back(static_cast<int>(integer(type_at + type * 6, 4)));
    }
    if (wide) footer(*zone, trim(std::string_view(data_).substr(end)));
    return zone;
  }

 private:
  std::int64_t integer(std::size_t at, std::size_t width) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(data_[at + i]);
    return width == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value)) : static_cast<std::int64_t>(value);
  }
  std::size_t count(std::size_t header, std::size_t which) const {
    return static_cast<std::uint32_t>(integer(header + 20 + which * 4, 4));
  }
  std::size_t block_end(std::size_t header, std::size_t width) const {
    return header + 44 + count(header, 3) * (width + 1) + count(header, 4) * 6 + count(header, 5) +
           count(header, 2) * (width + 4) + count(header, 1) + count(header, 0);
  }

  // The POSIX TZ string after the last block, such as CET-1CEST,M3.5.0,M10.5.0/3.
  void footer(Zone& zone, std::string_view text) {
    rest_ = text;
    if (rest_.empty()) return;
    skip_name();
    zone.standard_offset_ = -time_of_day();
    zone.has_rule_ = true;
    if (rest_.empty()) return;
    skip_name();
    zone.daylight_offset_ = rest_.empty() || rest_[0] == ',' ? zone.standard_offset_ + 3600 : -time_of_day();
    if (rest_.empty()) return;
    zone.daylight_begins_ = yearly_rule();
    zone.daylight_ends_ = yearly_rule();
    zone.has_daylight_rule_ = true;
  }
  void skip_name() {
    if (!rest_.empty() && rest_[0] == '<') {
      rest_.remove_prefix(std::min(rest_.find('>'), rest_.size() - 1) + 1);
      return;
    }
    while (!rest_.empty() && ((rest_[0] | 32) >= 'a' && (rest_[0] | 32) <= 'z')) rest_.remove_prefix(1);
  }
  int number() {
    int value = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  int time_of_day() {
    const int sign = accept('-') ? -1 : 1;
    accept('+');
    int seconds = number() * 3600;
    if (accept(':')) seconds += number() * 60;
    if (accept(':')) seconds += number();
    return sign * seconds;
  }
  YearlyRule yearly_rule() {
    YearlyRule rule;
    accept(',');
    if (accept('M')) {
      rule.month = number();
      accept('.');
      rule.week = number();
      accept('.');
      rule.day = number();
    } else {
      rule.kind = accept('J') ? YearlyRule::Kind::julian_without_leap_day : YearlyRule::Kind::zero_based_day;
      rule.day = number();
    }
    if (accept('/')) rule.time = time_of_day();
    return rule;
  }

  std::string data_;
  std::size_t at_ = 0;
  std::string_view rest_;
};

int Zone::offset_at(std::int64_t utc) const {
  if (transitions_.empty() ? !has_rule_ : utc < transitions_.front()) return first_offset_;
  if (!transitions_.empty() && (utc < transitions_.back() || !has_rule_)) {
    const auto next = std::ranges::upper_bound(transitions_, utc);
    return offsets_[static_cast<std::size_t>(next - transitions_.begin()) - 1];
  }
  if (!has_daylight_rule_) return standard_offset_;
  const std::int64_t year = civil_from_seconds(utc + standard_offset_).year;
  const std::int64_t begins = rule_seconds(daylight_begins_, year) - standard_offset_;
  const std::int64_t ends = rule_seconds(daylight_ends_, year) - daylight_offset_;
  const bool daylight = begins < ends ? utc >= begins && utc < ends : utc >= begins || utc < ends;
  return daylight ? daylight_offset_ : standard_offset_;
}

std::int64_t Zone::to_utc(std::int64_t local) const {
  const int before = offset_at(local - 86400), after = offset_at(local + 86400);
  if (offset_at(local - before) == before) return local - before;
  if (offset_at(local - after) == after) return local - after;
  return local - before;
}

const Zone* find_zone(std::string_view name) {
  static StringMap<std::unique_ptr<Zone>> zones;
  if (const auto found = zones.find(name); found != zones.end()) return found->second.get();
  const bool plain =
      !name.empty() && name.size() < 64 && name[0] != '/' && name.find("..") == name.npos &&
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") == name.npos;
  if (!plain) return nullptr;
  std::unique_ptr<Zone> zone;
  if (auto data = read_zone_file(std::string(name))) {
    ZoneFile file(std::move(*data));
    zone = file.decode(name);
  }
  if (!zone) return nullptr;
  return zones.emplace(std::string(name), std::move(zone)).first->second.get();
}

const Zone* utc_zone() {
  static const Zone* zone = [] {
    const Zone* found = find_zone("UTC");
    static const Zone fixed{};
    return found ? found : &fixed;
  }();
  return zone;
}

const std::vector<std::string>& known_zone_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    const std::string table = read_zone_file("zone1970.tab").value_or("");
    for (const std::string_view line : split(table, '\n')) {
      const auto columns = split(line, '\t');
      if (!line.empty() && line[0] != '#' && columns.size() >= 3) result.emplace_back(columns[2]);
    }
    return result;
  }();
  return names;
}

}  // namespace calsync::emulator
