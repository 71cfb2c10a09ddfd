// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::store {

/// A calendar of a connection, as operators see it: nothing of its events but how many there are.
struct CalendarLine {
  std::string id{}, name{}, access_role{}, last_error{}, watch_error{};
  bool selected = false;
  std::int64_t events = 0;
  std::optional<Time> last_synced_at{};
};

struct ChannelLine {
  std::string id{}, calendar{}, state{}, last_error{};
  std::optional<Time> expires_at{}, renew_at{}, missed_at{}, last_message_at{};
};

/// What hangs on a connection. Reads need no Admission: operators see everybody.
struct Inside {
  std::vector<CalendarLine> calendars{};
  std::vector<ChannelLine> channels{};
};
Task<Inside> read_inside(db::Pool& pool, ConnectionId connection);

/// Nothing = there is no such FAILED event.
Task<std::optional<FailedEvent>> find_failed_event(db::Pool& pool, std::string event);

}  // namespace calsync::store
