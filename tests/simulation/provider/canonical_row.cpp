// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/canonical_row.hpp"

#include <algorithm>

#include "tests/simulation/provider/canonical_json.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::size_t longest_shown = 160;

std::string shown(const std::string& text) {
  return text.size() <= longest_shown ? text
                                      : text.substr(0, longest_shown) + "… (" + std::to_string(text.size()) + ")";
}

std::string_view text_of(const emulator::JsonValue& value) { return {value.GetString(), value.GetStringLength()}; }

void append_canonical(std::string& out, const emulator::JsonValue& value);

void append_sorted(std::string& out, const emulator::JsonValue& object) {
  std::vector<std::pair<std::string_view, const emulator::JsonValue*>> members;
  for (const auto& member : object.GetObject()) members.emplace_back(text_of(member.name), &member.value);
  std::ranges::stable_sort(members, {}, &std::pair<std::string_view, const emulator::JsonValue*>::first);
  out += '{';
  for (const auto& [name, value] : members) {
    if (out.back() != '{') out += ',';
    emulator::append_quoted(out, without_nul(std::string(name)));
    out += ':';
    append_canonical(out, *value);
  }
  out += '}';
}

void append_canonical(std::string& out, const emulator::JsonValue& value) {
  if (value.IsObject()) return append_sorted(out, value);
  if (value.IsString()) return emulator::append_quoted(out, without_nul(std::string(text_of(value))));
  if (!value.IsArray()) return emulator::append_json(out, value);
  out += '[';
  for (const emulator::JsonValue& item : value.GetArray()) {
    if (out.back() != '[') out += ',';
    append_canonical(out, item);
  }
  out += ']';
}

}  // namespace

std::vector<std::pair<std::string_view, const std::string*>> fields_of(const CanonicalRow& row) {
  return {{"external_event_id", &row.external_event_id},
          {"ical_uid", &row.ical_uid},
          {"title", &row.title},
          {"description", &row.description},
          {"location", &row.location},
          {"organizer", &row.organizer},
          {"attendees", &row.attendees},
          {"start_time", &row.start_time},
          {"end_time", &row.end_time},
          {"is_all_day", &row.is_all_day},
          {"start_date", &row.start_date},
          {"end_date", &row.end_date},
          {"time_zone", &row.time_zone},
          {"status", &row.status},
          {"is_busy", &row.is_busy},
          {"visibility", &row.visibility},
          {"recurrence", &row.recurrence},
          {"recurring_event_id", &row.recurring_event_id},
          {"original_start_time", &row.original_start_time},
          {"etag", &row.etag},
          {"sequence", &row.sequence},
          {"raw_payload", &row.raw_payload},
          {"sync_status", &row.sync_status},
          {"last_error", &row.last_error}};
}

std::string canonical(const CanonicalRow& row) {
  std::string text;
  for (const auto& [name, value] : fields_of(row)) {
    text.append(name).append("=").append(std::to_string(value->size())).append(":").append(*value).append("\n");
  }
  return text;
}

std::vector<std::string> differences(const CanonicalRow& got, const CanonicalRow& wanted) {
  std::vector<std::string> found;
  const auto left = fields_of(got), right = fields_of(wanted);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (*left[i].second == *right[i].second) continue;
    found.push_back(std::string(left[i].first) + " is '" + shown(*left[i].second) + "' instead of '" +
                    shown(*right[i].second) + "'");
  }
  return found;
}

std::string canonical_json(std::string_view json) {
  emulator::Json parsed;
  return emulator::parse_json(json, parsed) ? canonical_json(parsed) : std::string(json);
}

std::string canonical_json(const emulator::JsonValue& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

std::string without_nul(std::string text) {
  for (std::size_t at = text.find('\0'); at != text.npos; at = text.find('\0', at)) text.replace(at, 1, replacement);
  return text;
}

}  // namespace calsync::simulation
