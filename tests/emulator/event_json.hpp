// SPDX-License-Identifier: Apache-2.0
// Events as Google writes them.
#pragma once

#include "account.hpp"

namespace calsync::emulator {

struct EventView {
  const Zone* zone = nullptr;  // of the answer
  AccessRole role = AccessRole::owner;
  std::int64_t max_attendees = -1;
};

void append_event(std::string& out, const Calendar& calendar, const Event& event, const EventView& view);
// An occurrence without a row of its own.
void append_instance(std::string& out, const Calendar& calendar, const Event& master, std::int64_t seconds,
                     const EventView& view);
// What is guaranteed of a cancelled item, and no more.
void append_tombstone(std::string& out, const Event& event, const Zone* zone);
void append_instance_tombstone(std::string& out, const Event& master, std::int64_t seconds, const Zone* zone);

std::string event_text(const Calendar& calendar, const Event& event, const EventView& view);
std::string instance_id(const Event& master, std::int64_t seconds);

}  // namespace calsync::emulator
