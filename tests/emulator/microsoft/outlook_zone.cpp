// SPDX-License-Identifier: Apache-2.0
#include "outlook_zone.hpp"

#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <map>

#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

// The IANA names that the documentation of dateTimeTimeZone lists.
constexpr std::array<std::string_view, 103> listed{"Etc/GMT+12",
                                                   "Etc/GMT+11",
                                                   "Pacific/Honolulu",
                                                   "America/Anchorage",
                                                   "America/Santa_Isabel",
                                                   "America/Los_Angeles",
                                                   "America/Phoenix",
                                                   "America/Chihuahua",
                                                   "America/Denver",
                                                   "America/Guatemala",
                                                   "America/Chicago",
                                                   "America/Mexico_City",
                                                   "America/Regina",
                                                   "America/Bogota",
                                                   "America/New_York",
                                                   "America/Indiana/Indianapolis",
                                                   "America/Caracas",
                                                   "America/Asuncion",
                                                   "America/Halifax",
                                                   "America/Cuiaba",
                                                   "America/La_Paz",
                                                   "America/Santiago",
                                                   "America/St_Johns",
                                                   "America/Sao_Paulo",
                                                   "America/Argentina/Buenos_Aires",
                                                   "America/Cayenne",
                                                   "America/Godthab",
                                                   "America/Montevideo",
                                                   "America/Bahia",
                                                   "Etc/GMT+2",
                                                   "Atlantic/Azores",
                                                   "Atlantic/Cape_Verde",
                                                   "Africa/Casablanca",
                                                   "Etc/GMT",
                                                   "Europe/London",
                                                   "Atlantic/Reykjavik",
                                                   "Europe/Berlin",
                                                   "Europe/Budapest",
                                                   "Europe/Paris",
                                                   "Europe/Warsaw",
                                                   "Africa/Lagos",
                                                   "Africa/Windhoek",
                                                   "Europe/Bucharest",
                                                   "Asia/Beirut",
                                                   "Africa/Cairo",
                                                   "Asia/Damascus",
                                                   "Africa/Johannesburg",
                                                   "Europe/Kyiv",
                                                   "Europe/Kiev",
                                                   "Europe/Istanbul",
                                                   "Asia/Jerusalem",
                                                   "Asia/Amman",
                                                   "Asia/Baghdad",
                                                   "Europe/Kaliningrad",
                                                   "Asia/Riyadh",
                                                   "Africa/Nairobi",
                                                   "Asia/Tehran",
                                                   "Asia/Dubai",
                                                   "Asia/Baku",
                                                   "Europe/Moscow",
                                                   "Indian/Mauritius",
                                                   "Asia/Tbilisi",
                                                   "Asia/Yerevan",
                                                   "Asia/Kabul",
                                                   "Asia/Karachi",
                                                   "Asia/Toshkent",
                                                   "Asia/Tashkent",
                                                   "Asia/Kolkata",
                                                   "Asia/Colombo",
                                                   "Asia/Kathmandu",
                                                   "Asia/Astana",
                                                   "Asia/Almaty",
                                                   "Asia/Dhaka",
                                                   "Asia/Yekaterinburg",
                                                   "Asia/Yangon",
                                                   "Asia/Rangoon",
                                                   "Asia/Bangkok",
                                                   "Asia/Novosibirsk",
                                                   "Asia/Shanghai",
                                                   "Asia/Krasnoyarsk",
                                                   "Asia/Singapore",
                                                   "Australia/Perth",
                                                   "Asia/Taipei",
                                                   "Asia/Ulaanbaatar",
                                                   "Asia/Irkutsk",
                                                   "Asia/Tokyo",
                                                   "Asia/Seoul",
                                                   "Australia/Adelaide",
                                                   "Australia/Darwin",
                                                   "Australia/Brisbane",
                                                   "Australia/Sydney",
                                                   "Pacific/Port_Moresby",
                                                   "Australia/Hobart",
                                                   "Asia/Yakutsk",
                                                   "Pacific/Guadalcanal",
                                                   "Asia/Vladivostok",
                                                   "Pacific/Auckland",
                                                   "Etc/GMT-12",
                                                   "Pacific/Fiji",
                                                   "Asia/Magadan",
                                                   "Pacific/Tongatapu",
                                                   "Pacific/Apia",
                                                   "Pacific/Kiritimati"};

// Names of the list that the zone files spell otherwise.
std::string_view zone_file_name(std::string_view name) {
  if (name == "Asia/Toshkent") return "Asia/Tashkent";
  if (name == "Asia/Astana") return "Asia/Almaty";
  return name;
}

const Zone* from_windows(std::string_view name) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString id;
  icu::TimeZone::getIDForWindowsID(icu::UnicodeString::fromUTF8(std::string(name)), nullptr, id, status);
  if (U_FAILURE(status) || id.isEmpty()) return nullptr;
  std::string text;
  id.toUTF8String(text);
  return find_zone(text);
}

}  // namespace

const Zone* outlook_zone(std::string_view name, std::string_view iana) {
  static std::map<std::string, const Zone*, std::less<>> known;
  if (equal_ignoring_case(name, "UTC") || equal_ignoring_case(name, "tzone://Microsoft/Utc")) return utc_zone();
  if (iana != "none") {
    const bool taken =
        std::ranges::find(listed, name) != listed.end() || (iana == "all" && name.find('/') != std::string_view::npos);
    if (taken) return find_zone(zone_file_name(name));
  }
  if (const auto found = known.find(name); found != known.end()) return found->second;
  const Zone* zone = from_windows(name);
  if (zone) known.emplace(name, zone);
  return zone;
}

std::string windows_name(const Zone* zone) {
  static std::map<const Zone*, std::string> known;
  if (zone == utc_zone()) return "UTC";
  if (const auto found = known.find(zone); found != known.end()) return found->second;
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString id;
  icu::TimeZone::getWindowsID(icu::UnicodeString::fromUTF8(zone->name()), id, status);
  std::string text;
  if (U_SUCCESS(status)) id.toUTF8String(text);
  if (text.empty()) text = "tzone://Microsoft/Custom";
  return known.emplace(zone, text).first->second;
}

}  // namespace calsync::emulator::microsoft
