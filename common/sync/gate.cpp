// SPDX-License-Identifier: Apache-2.0
#include "common/sync/gate.hpp"

#include <algorithm>
#include <array>

#include "common/base/json.hpp"
#include "common/base/repeatable.hpp"

namespace calsync::sync {
namespace {

constexpr std::array all_flags{Flag::sync, Flag::oauth, Flag::jobs, Flag::webhook};
constexpr std::string_view owners_name = "CALENDAR_ALLOWLIST_PROVIDER_IDS";
constexpr std::string_view connections_name = "CALENDAR_ALLOWLIST_CONNECTION_IDS";

std::string_view trim(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

std::string_view value_of(const std::map<std::string, std::string>& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? std::string_view() : trim(found->second);
}

bool parse_flag(std::string_view name, std::string_view text, std::vector<InvalidSetting>& invalid) {
  const std::string value = lower(text);
  if (value == "true") return true;
  if (!value.empty() && value != "false") {
    invalid.push_back({std::string(name), presentable(text), "only true and false are values; it counts as false"});
  }
  return false;
}

Allowlist parse_list(std::string_view name, std::string_view text, bool empty_admits,
                     std::vector<InvalidSetting>& invalid) {
  if (text.empty()) return {empty_admits, {}};
  Allowlist list{false, {}};
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view entry = trim(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (entry.empty()) continue;
    if (entry == "*") {
      list.everybody = true;
    } else if (auto id = canonical_uuid(entry)) {
      list.ids.insert(std::move(*id));
    } else {
      invalid.push_back({std::string(name), presentable(entry), "it is not a UUID and admits nobody"});
    }
  }
  return list;
}

std::vector<Flag> needed_flags(Operation operation) {
  switch (operation) {
    case Operation::connect:
      return {Flag::oauth};
    case Operation::use_calendar:
      return {Flag::sync};
    case Operation::run_job:
    case Operation::poll:
      return {Flag::sync, Flag::jobs};
    case Operation::receive_push:
      return {Flag::webhook};
  }
  return {Flag::sync};
}

void put_list(json::Writer& writer, std::string_view name, const Allowlist& list) {
  writer.key(name).begin_object().put("everybody", list.everybody).key("ids").begin_array();
  for (const std::string& id : list.ids) writer.value(id);
  writer.end_array().end_object();
}

Allowlist read_list(const json::Value& state, std::string_view name) {
  Allowlist list{false, {}};
  const json::Value* stored = json::object_at(state, name);
  if (!stored) return list;
  list.everybody = json::bool_at(*stored, "everybody").value_or(false);
  if (const json::Value* ids = json::array_at(*stored, "ids")) {
    for (const json::Value& id : ids->GetArray()) {
      if (id.IsString()) list.ids.insert(id.GetString());
    }
  }
  return list;
}

std::vector<std::string> newly_admitted(const Allowlist& before, const Allowlist& after) {
  std::vector<std::string> added;
  if (before.everybody) return added;
  std::set_difference(after.ids.begin(), after.ids.end(), before.ids.begin(), before.ids.end(),
                      std::back_inserter(added));
  return added;
}

}  // namespace

std::string_view flag_name(Flag flag) {
  switch (flag) {
    case Flag::sync:
      return "CALENDAR_SYNC_ENABLED";
    case Flag::oauth:
      return "CALENDAR_OAUTH_ENABLED";
    case Flag::jobs:
      return "CALENDAR_JOBS_ENABLED";
    case Flag::webhook:
      return "CALENDAR_WEBHOOK_ENABLED";
  }
  return "";
}

GateSettings parse_gate(const std::map<std::string, std::string>& environment) {
  GateSettings gate;
  for (const Flag flag : all_flags) {
    gate.flags[flag] = parse_flag(flag_name(flag), value_of(environment, flag_name(flag)), gate.invalid);
  }
  const std::string mode = lower(value_of(environment, "CALENDAR_ENV"));
  gate.production = mode != "development";
  if (gate.production && !mode.empty() && mode != "production") {
    gate.invalid.push_back(
        {"CALENDAR_ENV", presentable(mode), "only production and development are values; it counts as production"});
  }
  gate.owners = parse_list(owners_name, value_of(environment, owners_name), !gate.production, gate.invalid);
  gate.connections = parse_list(connections_name, value_of(environment, connections_name), true, gate.invalid);
  return gate;
}

Answer ask(const GateSettings& gate, Operation operation, const OwnerId* owner, const ConnectionId* connection) {
  for (const Flag flag : needed_flags(operation)) {
    if (!gate.on(flag)) return {std::nullopt, Refusal{flag}};
  }
  if (owner && !gate.owners.admits(owner->str())) return {std::nullopt, Refusal{}};
  if (connection && !gate.connections.admits(connection->str())) return {std::nullopt, Refusal{}};
  return {Admission(operation), {}};
}

Release released(const GateSettings& before, const GateSettings& after, const std::set<Flag>& watched) {
  Release release;
  for (const Flag flag : watched) release.everything |= after.on(flag) && !before.on(flag);
  release.everything |= (after.owners.everybody && !before.owners.everybody) ||
                        (after.connections.everybody && !before.connections.everybody);
  if (release.everything) return release;
  release.owners = newly_admitted(before.owners, after.owners);
  release.connections = newly_admitted(before.connections, after.connections);
  return release;
}

std::string gate_to_json(const GateSettings& gate) {
  json::Writer writer;
  writer.begin_object();
  for (const Flag flag : all_flags) writer.put(flag_name(flag), gate.on(flag));
  put_list(writer, "owners", gate.owners);
  put_list(writer, "connections", gate.connections);
  writer.end_object();
  return writer.text();
}

GateSettings gate_from_json(std::string_view text) {
  GateSettings gate;
  auto parsed = json::parse(text);
  const json::Document empty(rapidjson::kObjectType);
  const json::Value& state = parsed ? static_cast<const json::Value&>(*parsed) : empty;
  for (const Flag flag : all_flags) gate.flags[flag] = json::bool_at(state, flag_name(flag)).value_or(false);
  gate.owners = read_list(state, "owners");
  gate.connections = read_list(state, "connections");
  return gate;
}

}  // namespace calsync::sync
