// SPDX-License-Identifier: Apache-2.0
#include "channel.hpp"

#include "clock.hpp"
#include "digest.hpp"
#include "json.hpp"

namespace calsync::emulator {
namespace {

std::string_view state_of(const Channel& channel) {
  if (channel.stopped) return "stopped";
  if (channel.gone) return "gone";
  return channel.open() ? "open" : "expired";
}

const std::vector<ChannelPtr>& living(StringMap<std::vector<ChannelPtr>>& index, std::string_view key) {
  static const std::vector<ChannelPtr> none;
  const auto found = index.find(key);
  if (found == index.end()) return none;
  std::erase_if(found->second, [](const ChannelPtr& channel) { return !channel->open(); });
  return found->second;
}

}  // namespace

bool Channel::open() const { return !stopped && !gone && now_ms() < ends_ms; }

// The first is 1; later ones leave gaps, so that nobody takes a gap for a loss. The same gaps for the same id.
std::uint64_t Channel::next_number() {
  last_number += last_number == 0 ? 1 : 1 + fnv1a(id, last_number) % 7;
  return last_number;
}

HeaderLines channel_headers(const Channel& channel, std::string_view state, std::uint64_t number) {
  HeaderLines lines{{"X-Goog-Channel-ID", channel.id},
                    {"X-Goog-Channel-Expiration", http_date(channel.expiration_ms / 1000)},
                    {"X-Goog-Resource-State", std::string(state)},
                    {"X-Goog-Message-Number", std::to_string(number)},
                    {"X-Goog-Resource-ID", channel.resource_id},
                    {"X-Goog-Resource-URI", channel.resource_uri}};
  if (!channel.token.empty()) lines.emplace_back("X-Goog-Channel-Token", channel.token);
  return lines;
}

std::string channel_json(const Channel& channel) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("id", channel.id);
    object.text("account", channel.account);
    object.text_unless_empty("calendar_id", channel.calendar_id);
    object.text("watches", channel.calendar_id.empty() ? "calendarList" : "events");
    object.text("state", state_of(channel));
    object.boolean("killed", channel.killed);
    object.text("address", channel.address);
    object.text("token", channel.token);
    object.text("resource_id", channel.resource_id);
    object.text("resource_uri", channel.resource_uri);
    object.number("created_ms", channel.created_ms);
    object.number("expiration_ms", channel.expiration_ms);
    object.number("ends_ms", channel.ends_ms);
    object.number("last_message_number", static_cast<std::int64_t>(channel.last_number));
    object.number("changes_unsent", static_cast<std::int64_t>(channel.changes_unsent));
  }
  return out;
}

ChannelPtr ChannelStore::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

ChannelPtr ChannelStore::add(Channel opened) {
  ChannelPtr channel = std::make_shared<Channel>(std::move(opened));
  by_id_.emplace(channel->id, channel);
  by_account_[channel->account].push_back(channel);
  if (!channel->calendar_id.empty()) by_calendar_[channel->calendar_id].push_back(channel);
  return channel;
}

const std::vector<ChannelPtr>& ChannelStore::of_calendar(std::string_view calendar_id) {
  return living(by_calendar_, calendar_id);
}

const std::vector<ChannelPtr>& ChannelStore::of_account(std::string_view email) { return living(by_account_, email); }

void ChannelStore::clear() {
  by_id_.clear();
  by_calendar_.clear();
  by_account_.clear();
}

}  // namespace calsync::emulator
