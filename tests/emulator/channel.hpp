// SPDX-License-Identifier: Apache-2.0
// Notification channels: who watches what, and until when.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "text.hpp"

namespace calsync::emulator {

struct Channel {
  std::string id, token, address;
  std::string account;      // e-mail address of the user who opened it
  std::string calendar_id;  // empty: the calendar list
  std::string resource_id, resource_uri;
  std::int64_t created_ms = 0;
  std::int64_t expiration_ms = 0;    // as promised
  std::int64_t ends_ms = 0;          // as kept; tests make it earlier
  std::uint64_t last_number = 0;     // of its messages
  std::uint64_t changes_unsent = 0;  // changes since it was killed
  bool stopped = false;
  bool gone = false;        // what it watched is not there any more
  bool killed = false;      // looks open, says nothing
  bool sync_tried = false;  // the first message was sent once, whatever came of it

  bool open() const;  // as its owner believes: neither stopped, gone nor over
  bool delivers() const { return open() && !killed; }
  std::uint64_t next_number();
};

using ChannelPtr = std::shared_ptr<Channel>;
using HeaderLines = std::vector<std::pair<std::string, std::string>>;

// The headers of a message, in Google's order.
HeaderLines channel_headers(const Channel& channel, std::string_view state, std::uint64_t number);
std::string channel_json(const Channel& channel);

class ChannelStore {
 public:
  // A used id is refused for ever, also after its channel ended.
  bool used(std::string_view id) const { return find(id) != nullptr; }
  ChannelPtr find(std::string_view id) const;
  ChannelPtr add(Channel channel);
  // Both forget channels that can never deliver again.
  const std::vector<ChannelPtr>& of_calendar(std::string_view calendar_id);
  const std::vector<ChannelPtr>& of_account(std::string_view email);
  const std::map<std::string, ChannelPtr, std::less<>>& all() const { return by_id_; }
  void clear();

 private:
  std::map<std::string, ChannelPtr, std::less<>> by_id_;
  StringMap<std::vector<ChannelPtr>> by_calendar_, by_account_;
};

}  // namespace calsync::emulator
