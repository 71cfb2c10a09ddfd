// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/calendar/change.hpp"

// What is kept of an item that a JSON provider sent and nobody understands.
namespace calsync::calendar {

/// The version of an item that names none: a digest of its bytes.
std::string raw_fingerprint(std::string_view raw);
/// Rows are keyed by id, so an event without one gets an id that is the same at the next read.
std::string made_up_id(std::string_view raw);
/// An item that does not even parse: its id if that much of it can be read, and every byte of it as JSON that Postgres
/// stores.
EventUnreadable broken_item(std::string_view raw, std::string reason);

}  // namespace calsync::calendar
