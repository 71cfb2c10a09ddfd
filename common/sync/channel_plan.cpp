// SPDX-License-Identifier: Apache-2.0
#include "common/sync/channel_plan.hpp"

#include <map>
#include <optional>

namespace calsync::sync {
namespace {

struct Kept {
  bool may_open = true;
  std::optional<Channel> channel{};
};

bool ageing(const Channel& channel) { return channel.renewal_due || channel.silent; }

Channel renewed_when_moved(Channel channel, const std::string& address) {
  channel.renewal_due = channel.renewal_due || (!channel.address.empty() && channel.address != address);
  return channel;
}

/// Of two live channels the one with more of its life ahead stays; between equals the smaller id, so that every run
/// decides alike.
bool outlives(const Channel& a, const Channel& b) {
  if (ageing(a) != ageing(b)) return !ageing(a);
  return a.id < b.id;
}

}  // namespace

ChannelState parse_channel_state(std::string_view text) {
  if (text == "opening") return ChannelState::opening;
  if (text == "live") return ChannelState::live;
  return ChannelState::stopping;
}

std::string_view open_reason_name(OpenReason reason) {
  switch (reason) {
    case OpenReason::none_yet:
      return "none yet";
    case OpenReason::renewal:
      return "renewal";
    case OpenReason::silence:
      return "silence";
  }
  return "none yet";
}

ChannelPlan plan_channels(const std::vector<WatchedCalendar>& wanted, const std::vector<Channel>& channels,
                          const std::string& address) {
  ChannelPlan plan;
  std::map<std::string, Kept> kept;
  for (const WatchedCalendar& calendar : wanted) kept[calendar.id].may_open = calendar.may_open;
  const auto end = [&plan](const Channel& channel) {
    if (channel.stop_due) plan.stop.push_back(channel);
  };
  for (const Channel& found : channels) {
    const Channel channel = renewed_when_moved(found, address);
    const auto calendar = kept.find(channel.calendar_id);
    if (channel.expired) {
      plan.forget.push_back(channel.id);
    } else if (channel.state != ChannelState::live || calendar == kept.end()) {
      end(channel);
    } else if (std::optional<Channel>& best = calendar->second.channel; !best) {
      best = channel;
    } else if (outlives(channel, *best)) {
      end(*best);
      best = channel;
    } else {
      end(channel);
    }
  }
  for (auto& [id, one] : kept) {
    if (!one.may_open) continue;
    if (!one.channel) {
      plan.open.push_back({id, OpenReason::none_yet, {}});
    } else if (ageing(*one.channel)) {
      const OpenReason reason = one.channel->silent ? OpenReason::silence : OpenReason::renewal;
      plan.open.push_back({id, reason, {std::move(*one.channel)}});
    }
  }
  return plan;
}

}  // namespace calsync::sync
