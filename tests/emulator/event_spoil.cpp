// SPDX-License-Identifier: Apache-2.0
#include "event_spoil.hpp"

#include <algorithm>
#include <array>

namespace calsync::emulator {
namespace {

struct Spoil {
  std::string_view kind, member;
  std::string_view value = {};  // empty: the member goes
};

constexpr std::array<Spoil, 18> spoils_of_members{{
    {"number_poison", "sequence", "-9888888e888888"},
    {"huge_number", "sequence", "123456789012345678901234567890"},
    {"lone_surrogate", "summary", R"("lost \ud83d half")"},
    {"nul_escape", "summary", R"("before \u0000 after")"},
    {"huge_title", "summary", "huge"},
    {"unpaired_quotes", "summary", R"("\"'` \\\" }]{[ \\")"},
    {"deep_nesting", "reminders", "deep"},
    {"null_etag", "etag", "null"},
    {"missing_etag", "etag"},
    {"missing_start", "start"},
    {"missing_end", "end"},
    {"missing_status", "status"},
    {"missing_uid", "iCalUID"},
    {"null_fields", "summary", "null"},
    {"skewed_updated", "updated", R"("2038-01-19T03:14:08.000Z")"},
    {"bad_time", "start", R"({"dateTime":"2026-13-45T99:00:00Z"})"},
    {"half_time", "end", R"({"timeZone":"Mars/Olympus"})"},
    {"wrong_types", "status", "7"},
}};
constexpr std::size_t huge_length = 1 << 20, deep_levels = 2000;

std::string value_of(const Spoil& spoil) {
  if (spoil.value == "huge") return '"' + std::string(huge_length, 'x') + '"';
  if (spoil.value == "deep") return std::string(deep_levels, '[') + std::string(deep_levels, ']');
  return std::string(spoil.value);
}

// Past the value that begins at `at`.
std::size_t end_of_value(std::string_view json, std::size_t at) {
  int depth = 0;
  for (bool quoted = false; at < json.size(); ++at) {
    const char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return json.size();
}

}  // namespace

bool spoils(std::string_view kind) {
  return std::ranges::find(spoils_of_members, kind, &Spoil::kind) != spoils_of_members.end();
}

// The emulator writes compact JSON whose first member is `kind`, so a comma is in front of every other name.
bool spoil_event(std::string& json, std::string_view kind) {
  const auto spoil = std::ranges::find(spoils_of_members, kind, &Spoil::kind);
  if (spoil == spoils_of_members.end()) return false;
  const std::string name = ",\"" + std::string(spoil->member) + "\":";
  const std::size_t at = json.find(name);
  if (at == json.npos) return false;
  const std::size_t end = end_of_value(json, at + name.size());
  const std::string value = value_of(*spoil);
  json.replace(at, end - at, value.empty() ? std::string() : name + value);
  return true;
}

}  // namespace calsync::emulator
