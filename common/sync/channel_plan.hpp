// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace calsync::sync {

/// A channel's way: opening -> live -> stopping -> its row is deleted.
enum class ChannelState {
  opening,  ///< the provider was asked, its answer is not recorded yet; it may speak already
  live,
  stopping  ///< it is to be ended at the provider; what it still says is ignored
};
ChannelState parse_channel_state(std::string_view text);

/// A push channel as the claim found it. Times are judged by the database's clock.
struct Channel {
  std::string id{};
  std::string calendar_id{};
  std::string resource_id{};  ///< "" = not known
  ChannelState state = ChannelState::live;
  bool expired = false;
  bool renewal_due = false;  ///< about half of its life is over
  bool silent = false;       ///< polling found a change, and the channel has not announced it in time
  bool stop_due = true;      ///< false = stopping failed lately and is not to be tried yet
  std::string address{};     ///< where its messages go; "" = not known
};

/// A calendar that is to have a channel.
struct WatchedCalendar {
  std::string id{};
  bool may_open = true;  ///< false = it cannot be watched, or opening failed lately
};

enum class OpenReason { none_yet, renewal, silence };
std::string_view open_reason_name(OpenReason reason);

/// What makes the channels of a connection what they are to be.
struct ChannelPlan {
  struct Opening {
    std::string calendar_id{};
    OpenReason reason = OpenReason::none_yet;
    std::vector<Channel> replaces{};  ///< stopped once the new one is live, so that nothing goes unannounced
  };
  std::vector<Opening> open{};
  std::vector<Channel> stop{};
  std::vector<std::string> forget{};  ///< channels that have ended by themselves
  bool empty() const { return open.empty() && stop.empty() && forget.empty(); }
};

/// Pure and total: every wanted calendar gets exactly one live channel, every other channel ends. Only the holder of
/// the connection's lease opens channels, so one that is still `opening` at the claim is the remains of a run that
/// died.
/// A channel whose messages go elsewhere than to `address` is renewed.
ChannelPlan plan_channels(const std::vector<WatchedCalendar>& wanted, const std::vector<Channel>& channels,
                          const std::string& address);

}  // namespace calsync::sync
