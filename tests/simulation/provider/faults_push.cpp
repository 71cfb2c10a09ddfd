// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view family = "push";

emulator::ChannelPtr open_channel(FaultContext& c) {
  std::vector<emulator::ChannelPtr> open;
  for (const auto& [id, channel] : c.world.provider.push.channels.all())
    if (channel->delivers()) open.push_back(channel);
  return open.empty() ? nullptr : c.dice.pick(open);
}

/// A message of a channel with other headers than the genuine ones.
void forge(FaultContext& c, std::string_view headers) {
  const emulator::ChannelPtr channel = open_channel(c);
  if (!channel) return;
  c.world.call("POST", "/control/push/send",
               fmt::format(R"({{"channel_id":"{}","count":{},"headers":{{{}}}}})", channel->id, c.few(), headers));
  c.note();
}

void end_early(FaultContext& c) {
  const emulator::ChannelPtr channel = open_channel(c);
  if (!channel) return;
  c.world.call("PATCH", "/control/channels/" + channel->id, R"({"lifetime_ms":1000})");
  c.note();
}

void kill(FaultContext& c) {
  const emulator::ChannelPtr channel = open_channel(c);
  if (!channel) return;
  c.world.call("POST", "/control/channels/" + channel->id + "/kill");
  c.note();
}

/// Messages that no change caused.
void send(FaultContext& c, int count) {
  const emulator::ChannelPtr channel = open_channel(c);
  if (!channel) return;
  c.world.call("POST", "/control/push/send",
               fmt::format(R"({{"channel_id":"{}","state":"exists","count":{}}})", channel->id, count));
  c.note();
}

constexpr ProviderFault faults[] = {
    {"push_lost", family, [](FaultContext& c) { c.push("lost"); }},
    {"push_doubled", family, [](FaultContext& c) { c.push("doubled"); }},
    {"push_delayed", family, [](FaultContext& c) { c.push("delayed", R"("delay_ms":180000)"); }},
    {"push_reordered", family,
     [](FaultContext& c) { c.push("reordered", R"("delay_ms":60000,"match":{"state":"exists"})"); }},
    {"push_after_stop", family, [](FaultContext& c) { c.push("after_stop", R"("count":3,"delay_ms":5000)"); }},
    {"push_burst_50", family, [](FaultContext& c) { c.push("burst", R"("count":50)"); }},
    {"push_burst_1000", family, [](FaultContext& c) { c.push("burst", R"("count":1000,"times":1)"); }},
    {"push_unprompted", family, [](FaultContext& c) { send(c, 5); }},
    {"push_forged_token", family, [](FaultContext& c) { forge(c, R"("X-Goog-Channel-Token":"guessed")"); }},
    {"push_without_token", family, [](FaultContext& c) { forge(c, R"("X-Goog-Channel-Token":null)"); }},
    {"push_forged_channel", family,
     [](FaultContext& c) { forge(c, R"("X-Goog-Channel-ID":"00000000-0000-4000-8000-000000000000")"); }},
    {"push_forged_resource", family, [](FaultContext& c) { forge(c, R"("X-Goog-Resource-ID":"another")"); }},
    {"push_without_state", family, [](FaultContext& c) { forge(c, R"("X-Goog-Resource-State":null)"); }},
    {"channel_expired_early", family, end_early},
    {"channel_killed", family, kill},
    {"watch_unsupported", family,
     [](FaultContext& c) {
       c.set("push_unsupported", R"("@")", R"("#holiday@ #contacts@ #weeknum@")", "events.watch");
     }},
};

}  // namespace

std::span<const ProviderFault> push_faults() { return faults; }

}  // namespace calsync::simulation
