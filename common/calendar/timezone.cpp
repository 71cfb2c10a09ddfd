// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/timezone.hpp"

#include <unicode/strenum.h>
#include <unicode/timezone.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>

#include "common/calendar/zone_rules.hpp"

namespace calsync::calendar {
namespace {

/// Where systems keep tzdata, in the order of libical and of ICU.
constexpr std::array<const char*, 4> zone_folders{"/usr/share/zoneinfo/", "/usr/lib/zoneinfo/",
                                                  "/usr/share/lib/zoneinfo/", "/etc/zoneinfo/"};

/// Names that can be a path below a zone folder and nothing else. "posix/" and "right/" are copies of the whole tree,
/// and "localtime" and "posixrules" are whatever the machine was set to.
bool can_be_zone(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.starts_with("posix") ||
      name.starts_with("right/") || name.find("//") != std::string_view::npos)
    return false;
  if (name == "localtime" || name == "Factory") return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '+' || c == '-' || c == '/'; });
}

std::optional<ZoneRules> load_rules(const std::string& name) {
  for (const char* folder : zone_folders) {
    // "Europe" is a folder: it opens, and throws when it is read.
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder + name, error)) continue;
    std::ifstream file(folder + name, std::ios::binary);
    if (!file) continue;
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (auto rules = ZoneRules::parse(bytes)) return rules;
  }
  return std::nullopt;
}

/// The rules of an exactly spelled zone, loaded once. Only real zones are kept, so strangers' names cannot fill it.
const ZoneRules* find_rules(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const ZoneRules>, std::less<>> loaded;
  if (!can_be_zone(name)) return nullptr;
  const std::lock_guard lock(mutex);
  const auto found = loaded.find(name);
  if (found != loaded.end()) return found->second.get();
  auto rules = load_rules(std::string(name));
  if (!rules) return nullptr;
  return loaded.emplace(name, std::make_unique<const ZoneRules>(*std::move(rules))).first->second.get();
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::map<std::string, std::string> list_spellings() {
  std::map<std::string, std::string> spellings;
  const std::unique_ptr<icu::StringEnumeration> ids(icu::TimeZone::createEnumeration());
  UErrorCode status = U_ZERO_ERROR;
  while (const char* id = ids ? ids->next(nullptr, status) : nullptr) spellings.emplace(lower_case(id), id);
  return spellings;
}

OffsetAt offsets_of(const ZoneRules& rules) {
  return [&rules](std::chrono::sys_seconds instant) { return rules.offset_at(instant); };
}

}  // namespace

std::string iana_zone(std::string_view name) {
  if (find_rules(name)) return std::string(name);
  static const std::map<std::string, std::string> spellings = list_spellings();
  const auto found = spellings.find(lower_case(name));
  // ICU also lists abbreviations of its own (PST, IST) that tzdata does not have.
  return found != spellings.end() && find_rules(found->second) ? found->second : std::string();
}

std::string windows_zone(std::string_view name) {
  // Keys that newer systems replaced; ICU forgot them, calendars did not.
  static const std::map<std::string_view, std::string_view> retired{{"Mexico Standard Time", "America/Mexico_City"},
                                                                    {"Mexico Standard Time 2", "America/Chihuahua"},
                                                                    {"Kamchatka Standard Time", "Asia/Kamchatka"},
                                                                    {"Mid-Atlantic Standard Time", "Etc/GMT+2"}};
  if (const auto found = retired.find(name); found != retired.end()) return std::string(found->second);
  const auto key = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<int32_t>(name.size())));
  icu::UnicodeString id;
  UErrorCode status = U_ZERO_ERROR;
  icu::TimeZone::getIDForWindowsID(key, "001", id, status);
  std::string zone;
  if (U_SUCCESS(status)) id.toUTF8String(zone);
  return iana_zone(zone);
}

std::optional<std::chrono::seconds> offset_at(Time instant, std::string_view zone) {
  const ZoneRules* rules = find_rules(zone);
  if (!rules) return std::nullopt;
  return rules->offset_at(std::chrono::floor<std::chrono::seconds>(instant));
}

std::optional<Time> instant_of(Time wall, std::string_view zone) {
  const ZoneRules* rules = find_rules(zone);
  if (!rules) return std::nullopt;
  return resolve_wall_time(wall, offsets_of(*rules));
}

std::optional<Time> wall_time(Time instant, std::string_view zone) {
  const auto offset = offset_at(instant, zone);
  if (!offset) return std::nullopt;
  return instant + *offset;
}

Time resolve_wall_time(Time wall, const OffsetAt& offset_at) {
  const auto as_utc = std::chrono::floor<std::chrono::seconds>(wall);
  // No zone is more than 16 hours away from UTC, so a change that concerns this wall time lies between the two.
  constexpr std::chrono::hours reach(16);
  const auto before = offset_at(as_utc - reach);
  const auto after = offset_at(as_utc + reach);
  const bool happens_before = offset_at(as_utc - before) == before;
  const bool happens_after = offset_at(as_utc - after) == after;
  return wall - (happens_before || !happens_after ? before : after);
}

}  // namespace calsync::calendar
