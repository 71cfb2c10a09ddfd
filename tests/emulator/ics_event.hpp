// SPDX-License-Identifier: Apache-2.0
// One VEVENT as a Google event resource.
#pragma once

#include "event_time.hpp"
#include "ics_zone.hpp"

namespace calsync::emulator {

struct IcsEvent {
  std::string uid;        // empty when the file gives none
  std::string resource;   // the Google resource as JSON, without id
  std::string rejection;  // why Google would refuse it; then nothing else counts
  std::int64_t sequence = 0;
  EventTime recurrence_id;  // of an exception
};

IcsEvent read_vevent(const IcsComponent& component, FileZones& zones);

}  // namespace calsync::emulator
