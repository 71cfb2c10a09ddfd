// SPDX-License-Identifier: Apache-2.0
// What tests order to go wrong with the messages of channels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "channel.hpp"
#include "json.hpp"

namespace calsync::emulator {

struct PushFault {
  std::uint64_t id = 0;
  std::string kind, channel_id, account, calendar_id, state;
  std::int64_t times = 1, after = 0, delay_ms = 0, count = 0;
  std::int64_t until_ms = 0;  // 0: no end
  std::uint64_t seen = 0, fired = 0;

  bool matches(const Channel& channel, std::string_view message_state) const;
  bool spent() const;
  std::string json() const;
};

class PushFaultBoard {
 public:
  // Reads an order; a sentence when it is not understood.
  std::string add(const JsonValue& order, std::uint64_t& id);
  // The fault that meets this message, counted as fired; null for none. Stopping a channel asks with "stop".
  const PushFault* hit(const Channel& channel, std::string_view state);
  const PushFault* find(std::uint64_t id) const;
  bool remove(std::uint64_t id);
  void clear() { faults_.clear(); }
  std::string json() const;

 private:
  std::vector<std::unique_ptr<PushFault>> faults_;
  std::uint64_t last_id_ = 0;
};

}  // namespace calsync::emulator
