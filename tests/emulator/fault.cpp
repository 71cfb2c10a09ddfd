// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"

#include <algorithm>

#include "clock.hpp"
#include "list_fault.hpp"
#include "tests/emulator/microsoft/delta_fault.hpp"
#include "tests/emulator/microsoft/graph_fault.hpp"

namespace calsync::emulator {
namespace {

std::string read_match(const JsonValue& match, Fault& fault) {
  if (!match.IsObject()) return "match is no object";
  for (const auto& [name, value] : match.GetObject()) {
    const std::string_view key(name.GetString(), name.GetStringLength());
    if (key == "page" && value.IsInt64()) {
      fault.page = value.GetInt64();
      continue;
    }
    if (key == "sync_token" && value.IsBool()) {
      fault.sync_token = value.GetBool();
      continue;
    }
    if (!value.IsString()) return "wrong kind of value for match." + std::string(key);
    const std::string text(value.GetString(), value.GetStringLength());
    if (key == "method")
      fault.method = text;
    else if (key == "path_prefix")
      fault.path_prefix = text;
    else if (key == "path_regex")
      fault.path_regex = text;
    else if (key == "operation")
      fault.operation = text;
    else if (key == "account")
      fault.account = text;
    else if (key == "calendar_id")
      fault.calendar_id = text;
    else
      return "unknown match." + std::string(key);
  }
  if (!fault.path_regex.empty()) {
    try {
      fault.compiled_path.emplace(fault.path_regex, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error&) {
      return "match.path_regex is no regular expression";
    }
  }
  return "";
}

// Kinds that only mean something in some calls wait for one of those.
bool fits_kind(std::string_view kind, const Call& call) {
  if (bends_list(kind) || microsoft::bends_delta(kind))
    return (bends_list(kind) && call.operation == "events.list") ||
           (microsoft::bends_delta(kind) && call.operation == "graph.calendarView.delta");
  if (microsoft::graph_fault_kind(kind))
    return call.operation.starts_with(kind.starts_with("aadsts_") ? "entra." : "graph.");
  if (kind == "page_token_expired") return call.page_token;
  if (kind == "wrong_not_modified") return call.operation == "feed" && call.conditional;
  return true;
}

}  // namespace

bool Fault::spent() const {
  return (times >= 0 && fired >= static_cast<std::uint64_t>(times)) || (until_ms > 0 && now_ms() >= until_ms);
}

bool Fault::matches(const Call& call, std::string_view path) const {
  if (!fits_kind(kind, call)) return false;
  if (!method.empty() && method != call.method) return false;
  if (!operation.empty() && operation != call.operation) return false;
  if (!account.empty() && account != call.account) return false;
  if (!calendar_id.empty() && calendar_id != call.calendar_id) return false;
  if (page != 0 && page != call.page) return false;
  if (sync_token && *sync_token != call.sync_token) return false;
  if (!path_prefix.empty() && !path.starts_with(path_prefix)) return false;
  return !compiled_path || std::regex_search(path.begin(), path.end(), *compiled_path);
}

std::string Fault::json() const {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("id", static_cast<std::int64_t>(id));
    object.text("kind", kind);
    std::string match;
    {
      ObjectWriter row(match);
      row.text_unless_empty("method", method);
      row.text_unless_empty("path_prefix", path_prefix);
      row.text_unless_empty("path_regex", path_regex);
      row.text_unless_empty("operation", operation);
      row.text_unless_empty("account", account);
      row.text_unless_empty("calendar_id", calendar_id);
      if (page != 0) row.number("page", page);
      if (sync_token) row.boolean("sync_token", *sync_token);
    }
    object.raw("match", match);
    object.number("times", times);
    object.number("after", after);
    object.number("delay_ms", delay_ms);
    if (count > 0) object.number("count", count);
    if (until_ms > 0) object.number("until_ms", until_ms);
    object.text_unless_empty("retry_after", retry_after);
    object.boolean("after_commit", after_commit);
    object.number("seen", static_cast<std::int64_t>(seen));
    object.number("fired", static_cast<std::int64_t>(fired));
    object.boolean("spent", spent());
  }
  return out;
}

std::string FaultBoard::add(const JsonValue& order, std::uint64_t& id) {
  auto fault = std::make_unique<Fault>();
  if (!order.IsObject()) return "a JSON object is needed";
  for (const auto& [name, value] : order.GetObject()) {
    const std::string_view key(name.GetString(), name.GetStringLength());
    std::string complaint;
    if (key == "match")
      complaint = read_match(value, *fault);
    else if (key == "kind" && value.IsString())
      fault->kind = value.GetString();
    else if (key == "retry_after" && value.IsString())
      fault->retry_after = value.GetString();
    else if (key == "retry_after" && value.IsInt64())
      fault->retry_after = std::to_string(value.GetInt64());
    else if (key == "message" && value.IsString())
      fault->message = value.GetString();
    else if (key == "location" && value.IsString())
      fault->location = value.GetString();
    else if (key == "times" && value.IsInt64())
      fault->times = value.GetInt64();
    else if (key == "after" && value.IsInt64())
      fault->after = value.GetInt64();
    else if (key == "delay_ms" && value.IsInt64())
      fault->delay_ms = value.GetInt64();
    else if (key == "count" && value.IsInt64())
      fault->count = value.GetInt64();
    else if (key == "for_ms" && value.IsInt64())
      fault->until_ms = now_ms() + std::max<std::int64_t>(1, value.GetInt64());
    else if (key == "after_commit" && value.IsBool())
      fault->after_commit = value.GetBool();
    else
      complaint = "unknown name or wrong kind of value: " + std::string(key);
    if (!complaint.empty()) return complaint;
  }
  if (!known_fault_kind(fault->kind)) return "unknown kind " + fault->kind;
  // A header value of one's own choice, but no second header.
  for (const std::string* text : {&fault->retry_after, &fault->location})
    if (text->find_first_of("\r\n") != text->npos) return "a header value is one line";
  id = fault->id = ++last_id_;
  faults_.push_back(std::move(fault));
  return "";
}

const Fault* FaultBoard::hit(const Call& call, std::string_view path) {
  for (const auto& fault : faults_) {
    if (fault->spent() || !fault->matches(call, path)) continue;
    if (++fault->seen <= static_cast<std::uint64_t>(std::max<std::int64_t>(fault->after, 0))) continue;
    ++fault->fired;
    return fault.get();
  }
  return nullptr;
}

void FaultBoard::take_back(std::uint64_t id) {
  for (const auto& fault : faults_)
    if (fault->id == id && fault->fired > 0) --fault->fired;
}

const Fault* FaultBoard::find(std::uint64_t id) const {
  const auto found = std::ranges::find(faults_, id, [](const auto& fault) { return fault->id; });
  return found == faults_.end() ? nullptr : found->get();
}

bool FaultBoard::remove(std::uint64_t id) {
  return std::erase_if(faults_, [&](const auto& fault) { return fault->id == id; }) > 0;
}

std::string FaultBoard::json() const {
  std::string out = R"({"faults":[)";
  for (const auto& fault : faults_) {
    if (out.back() == '}') out += ',';
    out += fault->json();
  }
  return out += "]}";
}

}  // namespace calsync::emulator
