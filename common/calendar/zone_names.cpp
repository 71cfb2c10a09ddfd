// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/zone_names.hpp"

#include <unicode/strenum.h>
#include <unicode/timezone.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <optional>

#include "common/calendar/timezone.hpp"

namespace calsync::calendar {
namespace {

using std::chrono::minutes;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view trim(std::string_view text) {
  const auto dispensable = [](char c) { return c == ' ' || c == '\t' || c == '"' || c == '\''; };
  while (!text.empty() && dispensable(text.front())) text.remove_prefix(1);
  while (!text.empty() && dispensable(text.back())) text.remove_suffix(1);
  return text;
}

/// What is no city: names of regions that Windows and Outlook show, and abbreviations.
std::string alias(const std::string& lower) {
  static const std::map<std::string_view, std::string_view> known{{"eastern time", "America/New_York"},
                                                                  {"central time", "America/Chicago"},
                                                                  {"mountain time", "America/Denver"},
                                                                  {"pacific time", "America/Los_Angeles"},
                                                                  {"atlantic time", "America/Halifax"},
                                                                  {"arizona", "America/Phoenix"},
                                                                  {"newfoundland", "America/St_Johns"},
                                                                  {"alaska", "America/Anchorage"},
                                                                  {"hawaii", "Pacific/Honolulu"},
                                                                  {"saskatchewan", "America/Regina"},
                                                                  {"central america", "America/Guatemala"},
                                                                  {"indiana", "America/Indianapolis"},
                                                                  {"baja california", "America/Tijuana"},
                                                                  {"greenland", "America/Nuuk"},
                                                                  {"brasilia", "America/Sao_Paulo"},
                                                                  {"city of buenos aires", "America/Buenos_Aires"},
                                                                  {"salvador", "America/Bahia"},
                                                                  {"cape verde is.", "Atlantic/Cape_Verde"},
                                                                  {"coordinated universal time", "UTC"},
                                                                  {"greenwich mean time", "Europe/London"},
                                                                  {"west central africa", "Africa/Lagos"},
                                                                  {"pretoria", "Africa/Johannesburg"},
                                                                  {"abu dhabi", "Asia/Dubai"},
                                                                  {"ekaterinburg", "Asia/Yekaterinburg"},
                                                                  {"islamabad", "Asia/Karachi"},
                                                                  {"chennai", "Asia/Kolkata"},
                                                                  {"sri jayawardenepura", "Asia/Colombo"},
                                                                  {"astana", "Asia/Almaty"},
                                                                  {"beijing", "Asia/Shanghai"},
                                                                  {"osaka", "Asia/Tokyo"},
                                                                  {"solomon is.", "Pacific/Guadalcanal"},
                                                                  {"nuku'alofa", "Pacific/Tongatapu"},
                                                                  {"samoa", "Pacific/Apia"},
                                                                  {"midway island", "Pacific/Midway"},
                                                                  {"international date line west", "Etc/GMT+12"},
                                                                  {"cet/cest", "CET"},
                                                                  {"cest", "CET"},
                                                                  {"mez", "CET"},
                                                                  {"bst", "Europe/London"},
                                                                  {"est/edt", "America/New_York"},
                                                                  {"edt", "America/New_York"},
                                                                  {"cst", "America/Chicago"},
                                                                  {"cdt", "America/Chicago"},
                                                                  {"mdt", "America/Denver"},
                                                                  {"pst", "America/Los_Angeles"},
                                                                  {"pdt", "America/Los_Angeles"},
                                                                  {"akst", "America/Anchorage"},
                                                                  {"jst", "Asia/Tokyo"},
                                                                  {"aest", "Australia/Sydney"},
                                                                  {"aedt", "Australia/Sydney"},
                                                                  {"nzst", "Pacific/Auckland"},
                                                                  {"z", "UTC"}};
  const auto found = known.find(lower);
  return found == known.end() ? std::string() : iana_zone(found->second);
}

std::map<std::string, std::string> list_cities() {
  std::map<std::string, std::string> cities;
  const std::unique_ptr<icu::StringEnumeration> ids(icu::TimeZone::createEnumeration());
  UErrorCode status = U_ZERO_ERROR;
  while (const char* id = ids ? ids->next(nullptr, status) : nullptr) {
    const std::string_view name(id);
    const auto slash = name.rfind('/');
    // "Etc/GMT+5" means five hours west, a TZID "GMT+5" five hours east.
    if (slash == std::string_view::npos || name.starts_with("Etc/") || name.starts_with("SystemV/")) continue;
    std::string city = lower_case(name.substr(slash + 1));
    std::replace(city.begin(), city.end(), '_', ' ');
    cities.emplace(std::move(city), name);
  }
  return cities;
}

std::string city_zone(const std::string& lower) {
  static const std::map<std::string, std::string> cities = list_cities();
  const auto found = cities.find(lower);
  return found == cities.end() ? std::string() : iana_zone(found->second);
}

/// Reads "+01:00", "-0500", "+5", "+01.00" at the start of `text` and removes it.
std::optional<minutes> take_offset(std::string_view& text) {
  std::string_view rest = text;
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
  const bool west = rest[0] == '-';
  rest.remove_prefix(1);
  int digits[4] = {0, 0, 0, 0};
  std::size_t count = 0;
  std::size_t hours = 0;
  for (; !rest.empty() && count < 4; rest.remove_prefix(1)) {
    if ((rest[0] == ':' || rest[0] == '.') && hours == 0 && count > 0) {
      hours = count;
    } else if (std::isdigit(static_cast<unsigned char>(rest[0]))) {
      digits[count++] = rest[0] - '0';
    } else {
      break;
    }
  }
  if (count == 0 || (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest[0])))) return std::nullopt;
  if (hours == 0) hours = count > 2 ? count - 2 : count;
  if (hours > 2 || (count != hours && count != hours + 2)) return std::nullopt;
  const int hour = hours == 2 ? digits[0] * 10 + digits[1] : digits[0];
  const int minute = count == hours ? 0 : digits[hours] * 10 + digits[hours + 1];
  text = rest;
  const minutes offset(hour * 60 + minute);
  return west ? -offset : offset;
}

/// What a shown name says before its cities: "(UTC+01:00) ", "(GMT -05.00) ", "(UTC) ".
struct Shown {
  bool has_prefix = false;
  minutes offset{0};
  std::string_view rest{};
};

Shown read_shown(std::string_view text) {
  Shown shown;
  shown.rest = text;
  const std::string lower = lower_case(text);
  if (!lower.starts_with("(utc") && !lower.starts_with("(gmt")) return shown;
  std::string_view rest = text.substr(4);
  const auto offset = take_offset(rest);
  if (!rest.starts_with(')')) return shown;
  return {true, offset.value_or(minutes(0)), trim(rest.substr(1))};
}

/// A zone's offset without summer time, in the years that shown names are about.
bool has_standard_offset(const std::string& zone, minutes offset) {
  using namespace std::chrono;
  const auto winter = offset_at(Time(sys_days(2024y / January / 15)), zone);
  const auto summer = offset_at(Time(sys_days(2024y / July / 15)), zone);
  return winter && summer && (*winter == offset || *summer == offset);
}

std::string by_shown_name(std::string_view text) {
  Shown shown = read_shown(text);
  while (!shown.rest.empty()) {
    const auto comma = std::min(shown.rest.find_first_of(",;"), shown.rest.size());
    std::string_view part = shown.rest.substr(0, comma);
    shown.rest.remove_prefix(std::min(comma + 1, shown.rest.size()));
    part = trim(part.substr(0, std::min(part.find('('), part.size())));
    const std::string lower = lower_case(part);
    std::string zone = alias(lower);
    if (zone.empty()) zone = city_zone(lower);
    if (!zone.empty() && (!shown.has_prefix || has_standard_offset(zone, shown.offset))) return zone;
  }
  return {};
}

/// "/citadel.org/20210210_1/America/New_York": the longest end that is a zone.
std::string by_path(std::string_view text) {
  for (auto slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', slash + 1)) {
    if (std::string zone = iana_zone(text.substr(slash + 1)); !zone.empty()) return zone;
  }
  return {};
}

/// "America/New York", "Europe_London", "US-Eastern".
std::string by_spelling(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), ' ', '_');
  if (std::string zone = iana_zone(name); !zone.empty()) return zone;
  const auto separator = name.find_first_of("_-");
  if (separator == std::string::npos || name.find('/') != std::string::npos) return {};
  name[separator] = '/';
  return iana_zone(name);
}

std::string by_windows_key(std::string_view text) {
  if (std::string zone = windows_zone(text); !zone.empty()) return zone;
  const auto daylight = text.find(" Daylight Time");
  if (daylight == std::string_view::npos) return {};
  return windows_zone(std::string(text.substr(0, daylight)) + " Standard Time");
}

}  // namespace

std::string resolve_zone_name(std::string_view tzid) {
  const std::string_view text = trim(tzid);
  if (text.empty() || text.size() > 256) return {};
  for (const auto resolve : {iana_zone, by_path, by_windows_key, by_spelling, by_shown_name}) {
    if (std::string zone = resolve(text); !zone.empty()) return zone;
  }
  return {};
}

std::string fixed_offset_zone(std::string_view tzid) {
  std::string_view text = trim(tzid);
  if (text.starts_with('(')) text.remove_prefix(1);
  const std::string lower = lower_case(text.substr(0, 3));
  if (lower != "utc" && lower != "gmt") return {};
  text.remove_prefix(3);
  const auto offset = take_offset(text);
  if (!offset || (!text.empty() && text[0] != ')' && text[0] != ' ')) return {};
  const auto hours = offset->count() / 60;
  if (offset->count() % 60 != 0 || hours < -12 || hours > 14) return {};
  if (hours == 0) return "UTC";
  // POSIX counts westwards.
  return iana_zone("Etc/GMT" + std::string(hours > 0 ? "-" : "+") + std::to_string(hours > 0 ? hours : -hours));
}

}  // namespace calsync::calendar
