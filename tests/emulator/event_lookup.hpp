// SPDX-License-Identifier: Apache-2.0
// From an event id in a URL to the stored row or the occurrence it means.
#pragma once

#include "calendar.hpp"

namespace calsync::emulator {

struct EventTarget {
  Event* event = nullptr;  // of a virtual instance: its master
  bool virtual_instance = false;
  std::int64_t seconds = 0;  // the original start of a virtual instance
};

// Throws notFound when the id means nothing.
EventTarget find_target(Calendar& calendar, std::string_view event_id);

// Gives an occurrence a row of its own, with all that its master says.
Event& add_exception(Calendar& calendar, const Event& master, std::int64_t seconds);

// After a series changed its time or rule: exceptions whose original start is no longer one of its occurrences.
void settle_exceptions(Calendar& calendar, const Event& master, std::string_view treatment);
// One that does not fit any longer; `treatment` as in the setting retimed_exceptions.
void settle_exception(Calendar& calendar, Event& exception, std::string_view treatment);

}  // namespace calsync::emulator
