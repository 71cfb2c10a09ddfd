// SPDX-License-Identifier: Apache-2.0
// /control/channels and /control/push
#include <fmt/format.h>

#include <algorithm>

#include "clock.hpp"
#include "control.hpp"
#include "push_address.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr std::int64_t longest_wait_ms = 600000;
constexpr std::int64_t most_messages = 100000;

std::int64_t number(const ControlCall& call, std::string_view name, std::int64_t otherwise) {
  const std::string_view text = call.request.query.get(name);
  if (text.empty()) return otherwise;
  const auto value = parse_integer(text);
  if (!value) throw control_fault(400, "no number: " + std::string(name));
  return std::max<std::int64_t>(0, *value);
}

PushFilter filter_of(const ControlCall& call) {
  PushFilter filter;
  filter.since = static_cast<std::uint64_t>(number(call, "since", 0));
  filter.channel_id = call.request.query.get("channel_id");
  filter.state = call.request.query.get("state");
  filter.outcome = call.request.query.get("outcome");
  return filter;
}

std::string timed_out_json(bool timed_out) { return fmt::format(R"(,"timed_out":{})", timed_out); }

Response wait_for_deliveries(const ControlCall& call) {
  const PushFilter filter = filter_of(call);
  const auto count = static_cast<std::size_t>(number(call, "count", 1));
  const PushLog& log = call.provider.push.log;
  Response response;
  response.wait = Wait{[&log, filter, count] { return log.count(filter) >= count; },
                       [&log, filter](bool timed_out) { return log.json(filter, timed_out_json(timed_out)); },
                       std::min(number(call, "timeout_ms", 10000), longest_wait_ms)};
  return response;
}

Response wait_until_idle(const ControlCall& call) {
  const PushBoard& push = call.provider.push;
  Response response;
  response.wait = Wait{[&push] { return push.idle(); },
                       [&push](bool timed_out) {
                         std::string body = push.stats();
                         body.pop_back();
                         return body + timed_out_json(timed_out) + '}';
                       },
                       std::min(number(call, "timeout_ms", 10000), longest_wait_ms)};
  return response;
}

Response control_push_faults(ControlCall& call) {
  PushFaultBoard& faults = call.provider.push.faults;
  if (call.request.method == "POST") {
    std::uint64_t id = 0;
    const std::string complaint = faults.add(call.body, id);
    if (!complaint.empty()) throw control_fault(400, complaint);
    return json_response(200, fmt::format(R"({{"id":{}}})", id));
  }
  if (call.request.method == "DELETE" && call.path.size() < 2) faults.clear();
  if (call.request.method == "DELETE" && call.path.size() > 1) {
    const auto id = parse_integer(call.path[1]);
    if (!id || !faults.remove(static_cast<std::uint64_t>(*id))) throw control_fault(404, "no such fault");
  }
  return json_response(200, faults.json());
}

HeaderLines forged_headers(const ControlCall& call) {
  HeaderLines lines;
  const JsonValue* headers = member(call.body, "headers");
  if (!headers || !headers->IsObject()) return lines;
  for (const auto& [name, value] : headers->GetObject()) {
    std::string text = value.IsString() ? std::string(value.GetString(), value.GetStringLength()) : std::string();
    if (!value.IsString() && !value.IsNull()) throw control_fault(400, "a header is a text or null");
    if (text.find_first_of("\r\n") != text.npos) throw control_fault(400, "a header value is one line");
    lines.emplace_back(std::string(name.GetString(), name.GetStringLength()), std::move(text));
  }
  return lines;
}

// A message that no change caused: of a channel (whatever its state), or of none and with any headers.
Response send_message(ControlCall& call) {
  PushBoard& push = call.provider.push;
  const std::string_view id = string_member(call.body, "channel_id");
  const ChannelPtr channel = id.empty() ? nullptr : push.channels.find(id);
  if (!id.empty() && !channel) throw control_fault(404, "no such channel");
  const std::string address(string_member(call.body, "address", channel ? channel->address : ""));
  if (!parse_address(address)) throw control_fault(400, "no address to send to: " + address);
  const std::int64_t count = std::clamp<std::int64_t>(int_member(call.body, "count").value_or(1), 1, most_messages);
  const std::int64_t delay_ms = std::max<std::int64_t>(0, int_member(call.body, "delay_ms").value_or(0));
  const std::string_view state = string_member(call.body, "state", "exists");
  const HeaderLines forged = forged_headers(call);
  for (std::int64_t i = 0; i < count; ++i) {
    PushMessage message;
    if (channel) message = push.message_of(channel, state);
    message.address = address;
    message.state = state;
    message.body = string_member(call.body, "body");
    message.forged = forged;
    message.always = true;
    push.queue(std::move(message), delay_ms);
  }
  return json_response(200, fmt::format(R"({{"queued":{},"last":{}}})", count, push.log.last()));
}

// Ends its life earlier than promised; its headers go on telling what was promised.
Response shorten(ControlCall& call, Channel& channel) {
  const auto rest = int_member(call.body, "lifetime_ms");
  if (!rest) throw control_fault(400, "missing: lifetime_ms");
  channel.ends_ms = std::min(channel.ends_ms, now_ms() + std::max<std::int64_t>(0, *rest));
  return json_response(200, channel_json(channel));
}

Response one_channel(ControlCall& call) {
  const PushBoard& push = call.provider.push;
  const ChannelPtr channel = push.channels.find(call.path[0]);
  if (!channel) throw control_fault(404, "no such channel");
  const std::string_view order = call.path.size() > 1 ? std::string_view(call.path[1]) : std::string_view();
  if (call.request.method == "POST" && order == "kill") {
    channel->killed = true;
    return json_response(200, channel_json(*channel));
  }
  if (call.request.method == "PATCH" && order.empty()) return shorten(call, *channel);
  if (call.request.method != "GET" || !order.empty()) throw control_fault(404, "no such control call");
  PushFilter filter;
  filter.channel_id = channel->id;
  return json_response(200, push.log.json(filter, R"(,"channel":)" + channel_json(*channel)));
}

}  // namespace

Response control_channels(ControlCall& call) {
  if (!call.path.empty()) return one_channel(call);
  const std::string_view account = call.text("account"), calendar_id = call.text("calendar_id");
  const bool only_open = call.request.query.get("open") == "true";
  std::string rows;
  std::size_t count = 0;
  for (const auto& [id, channel] : call.provider.push.channels.all()) {
    if ((!account.empty() && account != channel->account) || (only_open && !channel->open()) ||
        (!calendar_id.empty() && calendar_id != channel->calendar_id))
      continue;
    if (count++ > 0) rows += ',';
    rows += channel_json(*channel);
  }
  return json_response(200, fmt::format(R"({{"count":{},"channels":[{}]}})", count, rows));
}

Response control_push(ControlCall& call) {
  PushBoard& push = call.provider.push;
  const std::string_view order = call.path.empty() ? std::string_view() : std::string_view(call.path[0]);
  if (order.empty()) return json_response(200, push.stats());
  if (order == "faults") return control_push_faults(call);
  if (order == "send" && call.request.method == "POST") return send_message(call);
  if (order == "wait") return wait_for_deliveries(call);
  if (order == "idle") return wait_until_idle(call);
  if (order != "deliveries") throw control_fault(404, "no such control call");
  if (call.request.method == "DELETE") push.log.clear();
  return json_response(200, push.log.json(filter_of(call), ""));
}

}  // namespace calsync::emulator
