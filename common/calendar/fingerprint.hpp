// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/calendar/event.hpp"

namespace calsync::calendar {

/// 32 hex digits over everything a reader of the mirror can see of an event, so over all its fields but `etag` and
/// `raw_payload`: a feed that stamps the current time into each fetch (DTSTAMP, LAST-MODIFIED) changes nothing.
std::string fingerprint(const Event& event);

/// 32 hex digits over what makes an event the same one for a person: start, end, title, recurrence and the occurrence
/// it replaces. The identity of events whose UID is missing or changes at each fetch.
std::string content_key(const Event& event);

}  // namespace calsync::calendar
