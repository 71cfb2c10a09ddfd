// SPDX-License-Identifier: Apache-2.0
#include "push_fault.hpp"

#include <algorithm>
#include <array>

#include "clock.hpp"

namespace calsync::emulator {
namespace {

constexpr std::array<std::string_view, 6> kinds{"lost", "doubled", "delayed", "reordered", "burst", "after_stop"};
constexpr std::int64_t most_copies = 100000;

// How many messages one becomes when the order does not say.
std::int64_t usual_count(std::string_view kind) { return kind == "doubled" ? 2 : kind == "burst" ? 10 : 1; }

std::string unknown_name(const JsonValue& object, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.GetObject()) {
    const std::string_view key(name.GetString(), name.GetStringLength());
    if (std::ranges::find(known, key) == known.end()) return std::string(key);
  }
  return "";
}

}  // namespace

bool PushFault::spent() const {
  return (times >= 0 && fired >= static_cast<std::uint64_t>(times)) || (until_ms > 0 && now_ms() >= until_ms);
}

bool PushFault::matches(const Channel& channel, std::string_view message_state) const {
  if ((kind == "after_stop") != (message_state == "stop")) return false;
  return (channel_id.empty() || channel_id == channel.id) && (account.empty() || account == channel.account) &&
         (calendar_id.empty() || calendar_id == channel.calendar_id) && (state.empty() || state == message_state);
}

std::string PushFault::json() const {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("id", static_cast<std::int64_t>(id));
    object.text("kind", kind);
    object.text_unless_empty("channel_id", channel_id);
    object.text_unless_empty("account", account);
    object.text_unless_empty("calendar_id", calendar_id);
    object.text_unless_empty("state", state);
    object.number("times", times);
    object.number("after", after);
    object.number("delay_ms", delay_ms);
    object.number("count", count);
    object.number("seen", static_cast<std::int64_t>(seen));
    object.number("fired", static_cast<std::int64_t>(fired));
  }
  return out;
}

std::string PushFaultBoard::add(const JsonValue& order, std::uint64_t& id) {
  auto fault = std::make_unique<PushFault>();
  fault->kind = string_member(order, "kind");
  if (std::ranges::find(kinds, fault->kind) == kinds.end()) return "unknown kind " + fault->kind;
  if (const std::string name = unknown_name(order, {"kind", "match", "times", "after", "delay_ms", "count", "for_ms"});
      !name.empty())
    return "unknown member " + name;
  if (const JsonValue* match = member(order, "match"); match && match->IsObject()) {
    if (const std::string name = unknown_name(*match, {"channel_id", "account", "calendar_id", "state"}); !name.empty())
      return "unknown match " + name;
    fault->channel_id = string_member(*match, "channel_id");
    fault->account = string_member(*match, "account");
    fault->calendar_id = string_member(*match, "calendar_id");
    fault->state = string_member(*match, "state");
  }
  fault->times = int_member(order, "times").value_or(1);
  fault->after = int_member(order, "after").value_or(0);
  fault->delay_ms = std::max<std::int64_t>(0, int_member(order, "delay_ms").value_or(0));
  if (const auto life = int_member(order, "for_ms")) fault->until_ms = now_ms() + std::max<std::int64_t>(1, *life);
  fault->count =
      std::clamp<std::int64_t>(int_member(order, "count").value_or(usual_count(fault->kind)), 1, most_copies);
  id = fault->id = ++last_id_;
  faults_.push_back(std::move(fault));
  return "";
}

const PushFault* PushFaultBoard::hit(const Channel& channel, std::string_view state) {
  for (const auto& fault : faults_) {
    if (fault->spent() || !fault->matches(channel, state)) continue;
    if (fault->seen++ < static_cast<std::uint64_t>(std::max<std::int64_t>(0, fault->after))) continue;
    ++fault->fired;
    return fault.get();
  }
  return nullptr;
}

const PushFault* PushFaultBoard::find(std::uint64_t id) const {
  const auto found = std::ranges::find(faults_, id, [](const auto& fault) { return fault->id; });
  return found == faults_.end() ? nullptr : found->get();
}

bool PushFaultBoard::remove(std::uint64_t id) {
  return std::erase_if(faults_, [id](const auto& fault) { return fault->id == id; }) > 0;
}

std::string PushFaultBoard::json() const {
  std::string rows;
  for (const auto& fault : faults_) {
    if (!rows.empty()) rows += ',';
    rows += fault->json();
  }
  return R"({"faults":[)" + rows + "]}";
}

}  // namespace calsync::emulator
