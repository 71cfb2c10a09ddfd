// SPDX-License-Identifier: Apache-2.0
#include "ics_zone.hpp"

#include <libical/ical.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "clock.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

icaltimetype utc_time(std::int64_t seconds) {
  const CivilTime c = civil_from_seconds(seconds);
  icaltimetype time = icaltime_null_time();
  time.year = static_cast<int>(c.year), time.month = c.month, time.day = c.day;
  time.hour = c.hour, time.minute = c.minute, time.second = c.second;
  return time;
}

int defined_offset(icaltimezone* zone, std::int64_t utc) {
  icaltimetype time = utc_time(utc);
  int is_daylight = 0;
  return icaltimezone_get_utc_offset_of_utc_time(zone, &time, &is_daylight);
}

// Offsets at the start of 24 months around the instant tell zones apart well enough.
bool agrees(icaltimezone* definition, const Zone& candidate, std::int64_t near) {
  for (int month = -12; month < 12; ++month) {
    const std::int64_t at = near + month * std::int64_t{2629746};
    if (candidate.offset_at(at) != defined_offset(definition, at)) return false;
  }
  return true;
}

const Zone* windows_zone(std::string_view name) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString id;
  icu::TimeZone::getIDForWindowsID(icu::UnicodeString::fromUTF8(std::string(name)), nullptr, id, status);
  if (U_FAILURE(status) || id.isEmpty()) return nullptr;
  std::string text;
  id.toUTF8String(text);
  return find_zone(text);
}

}  // namespace

const Zone* zone_by_any_name(std::string_view name) {
  name = trim(name);
  if (const Zone* zone = find_zone(name)) return zone;
  // /mozilla.org/20050126_1/Europe/Berlin
  for (std::size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1))
    if (const Zone* zone = find_zone(name.substr(slash + 1)); zone && name.find('/', slash + 1) != name.npos)
      return zone;
  if (const Zone* zone = windows_zone(name)) return zone;
  // Europe_London, America-Chicago
  for (const char separator : {'_', '-'}) {
    const std::size_t at = name.find(separator);
    if (at == name.npos) continue;
    std::string changed(name);
    changed[at] = '/';
    if (const Zone* zone = find_zone(changed)) return zone;
  }
  return nullptr;
}

std::int64_t FileZone::to_utc(std::int64_t local) const {
  if (zone) return zone->to_utc(local);
  if (!own) return local;
  icaltimetype time = utc_time(local);
  int is_daylight = 0;
  return local - icaltimezone_get_utc_offset(own, &time, &is_daylight);
}

FileZones::FileZones(const std::vector<IcsComponent>& components, const Zone* fallback) : calendar_zone_(fallback) {
  for (const IcsComponent& component : components) {
    if (component.name == "VCALENDAR") {
      const IcsProperty* named = component.find("X-WR-TIMEZONE");
      const Zone* zone = named ? zone_by_any_name(named->value) : nullptr;
      if (zone) calendar_zone_ = zone;
    }
    const IcsProperty* id = component.name == "VTIMEZONE" ? component.find("TZID") : nullptr;
    if (!id) continue;
    Definition& definition = definitions_[std::string(trim(id->value))];
    if (const IcsProperty* location = component.find("X-LIC-LOCATION")) definition.location = trim(location->value);
    std::string text;
    for (const std::string& line : component.lines) text.append(line).append("\r\n");
    icalcomponent* parsed = definition.zone ? nullptr : icalcomponent_new_from_string(text.c_str());
    if (!parsed) continue;
    icaltimezone* zone = icaltimezone_new();
    const bool usable = icalcomponent_isa(parsed) == ICAL_VTIMEZONE_COMPONENT &&
                        icalcomponent_count_components(parsed, ICAL_ANY_COMPONENT) > 0 &&
                        icaltimezone_set_component(zone, parsed) == 1;
    if (usable) {
      definition.zone = zone;  // which owns the component now
    } else {
      icaltimezone_free(zone, 1);
      icalcomponent_free(parsed);
    }
  }
}

FileZones::~FileZones() {
  for (auto& [id, definition] : definitions_)
    if (definition.zone) icaltimezone_free(definition.zone, 1);
}

FileZone FileZones::resolve(std::string_view tzid, std::int64_t near) {
  tzid = trim(tzid);
  if (const auto known = resolved_.find(tzid); known != resolved_.end()) return known->second;
  FileZone found;
  const auto definition = definitions_.find(tzid);
  found.zone = zone_by_any_name(tzid);
  if (!found.zone && definition != definitions_.end()) {
    found.zone = zone_by_any_name(definition->second.location);
    if (!found.zone && definition->second.zone) {
      found.zone = matching_zone(definition->second.zone, near);
      if (!found.zone) found.own = definition->second.zone;
    }
  }
  // A name that nobody knows and the file does not define: as if there were none.
  if (!found.zone && !found.own) found.zone = calendar_zone_;
  resolved_.emplace(std::string(tzid), found);
  return found;
}

const Zone* FileZones::matching_zone(icaltimezone* definition, std::int64_t near) const {
  if (agrees(definition, *calendar_zone_, near)) return calendar_zone_;
  for (const char* common : {"Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Denver",
                             "America/Los_Angeles"})
    if (const Zone* zone = find_zone(common); zone && agrees(definition, *zone, near)) return zone;
  for (const std::string& name : known_zone_names())
    if (const Zone* zone = find_zone(name); zone && agrees(definition, *zone, near)) return zone;
  return nullptr;
}

}  // namespace calsync::emulator
