// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_zones.hpp"

#include <algorithm>
#include <set>

#include "common/calendar/ical_text.hpp"
#include "common/calendar/timezone.hpp"
#include "common/calendar/zone_names.hpp"

namespace calsync::calendar {
namespace {

/// Years that RFC 3339 and Postgres can write; an offset may push 31 December 9999 out of them.
bool in_range(Time instant) {
  using namespace std::chrono;
  return instant >= Time(sys_days(1y / January / 1)) && instant < Time(sys_days(10000y / January / 1));
}

std::string zone_of_definition(const IcalComponent& definition) {
  const std::string zone = resolve_zone_name(definition.value_of("TZID"));
  return zone.empty() ? resolve_zone_name(definition.value_of("X-LIC-LOCATION")) : zone;
}

std::string only_defined_zone(const IcalObject& object) {
  constexpr std::size_t enough = 20;
  if (object.time_zones.size() > enough) return {};
  std::set<std::string> zones;
  for (const IcalComponent& definition : object.time_zones) zones.insert(zone_of_definition(definition));
  return zones.size() == 1 ? *zones.begin() : std::string();
}

/// Enough of a name to recognise it in a sentence.
std::string shortened(std::string_view tzid) {
  constexpr std::size_t most = 60;
  if (tzid.size() <= most) return std::string(tzid);
  std::size_t cut = most;
  while (cut > 0 && (static_cast<unsigned char>(tzid[cut]) & 0xc0) == 0x80) --cut;
  return std::string(tzid.substr(0, cut)) + "…";
}

}  // namespace

Time IcalZone::instant_of(Time wall) const {
  if (!name.empty()) return calendar::instant_of(wall, name).value_or(wall);
  return resolve_wall_time(wall, [this](std::chrono::sys_seconds instant) { return rules->offset_at(instant); });
}

EventTime PlacedTime::after(const IcalDuration& duration) const {
  EventTime later = time;
  if (time.date) {
    // A whole number of days is meant, also where it is written in hours.
    const auto exact_days = std::chrono::ceil<std::chrono::days>(duration.exact);
    later.date = std::chrono::year_month_day(std::chrono::sys_days(*time.date) + duration.days + exact_days);
    return later;
  }
  const Time day_later = wall + duration.days;
  later.instant = (zone ? zone->instant_of(day_later) : day_later) + duration.exact;
  return later;
}

IcalZones::IcalZones(const IcalObject& object, std::string default_zone) : object_(object) {
  const std::string named = resolve_zone_name(object.head.value_of("X-WR-TIMEZONE"));
  const std::string only = only_defined_zone(object);
  declared_ = named.empty() ? only : named;
  floating_ = !named.empty() ? named : !default_zone.empty() ? std::move(default_zone) : only;
  zone_known_ = !floating_.empty();
  if (!zone_known_) floating_ = "UTC";
}

std::optional<IcalZone> IcalZones::by_definition(const std::string& tzid) const {
  const auto found = std::find_if(object_.time_zones.begin(), object_.time_zones.end(),
                                  [&](const IcalComponent& definition) { return definition.value_of("TZID") == tzid; });
  if (found == object_.time_zones.end()) return std::nullopt;
  if (std::string zone = resolve_zone_name(found->value_of("X-LIC-LOCATION")); !zone.empty())
    return IcalZone{std::move(zone), {}};
  auto rules = VtimezoneRules::parse(*found);
  if (!rules) return std::nullopt;
  return IcalZone{{}, std::make_shared<const VtimezoneRules>(*std::move(rules))};
}

std::optional<IcalZone> IcalZones::resolve(const std::string& tzid) const {
  if (std::string zone = resolve_zone_name(tzid); !zone.empty()) return IcalZone{std::move(zone), {}};
  if (auto zone = by_definition(tzid)) return zone;
  if (std::string zone = fixed_offset_zone(tzid); !zone.empty()) return IcalZone{std::move(zone), {}};
  if (zone_known_) return IcalZone{floating_, {}};
  return std::nullopt;
}

const std::optional<IcalZone>& IcalZones::find(std::string_view tzid) {
  const auto known = found_.find(tzid);
  if (known != found_.end()) return known->second;
  std::string key(tzid);
  auto zone = resolve(key);
  return found_.emplace(std::move(key), std::move(zone)).first->second;
}

Result<PlacedTime> IcalZones::place(const ContentLine& line) {
  const auto moment = parse_moment(line.value());
  if (!moment) return fail(Failure::malformed, "its " + line.name + " is not a date or date-time");
  PlacedTime placed;
  placed.wall = moment->wall;
  // VALUE=DATE with a time of day is an all-day event all the same: the writer said so.
  if (moment->is_date || line.parameter("VALUE") == "DATE") {
    placed.time.date = moment->date();
    return placed;
  }
  if (moment->utc) {
    placed.time.instant = moment->wall;
    return placed;
  }
  const std::string_view tzid = trim_blanks(line.parameter("TZID"));
  placed.zone = tzid.empty() ? IcalZone{floating_, {}} : find(tzid);
  if (!placed.zone)
    return fail(Failure::malformed, "the time zone of its " + line.name + " is not known: " + shortened(tzid));
  const Time instant = placed.zone->instant_of(moment->wall);
  if (!in_range(instant)) return fail(Failure::malformed, "its " + line.name + " is out of range");
  placed.time.instant = instant;
  placed.time.time_zone = placed.zone->rules
                              ? equivalent_zone(*placed.zone->rules, std::chrono::floor<std::chrono::seconds>(instant))
                              : placed.zone->name;
  return placed;
}

}  // namespace calsync::calendar
