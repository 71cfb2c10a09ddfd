// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"

namespace calsync::sync {

/// What a run did.
struct RunFigures {
  std::string sync_id{};
  std::int64_t duration_ms = 0;
  std::int64_t items_ingested = 0, items_updated = 0, items_deleted = 0, items_failed = 0;
  int provider_status = 0;  ///< of the answer that failed it; 0 = none did
  std::string provider_request_id{};
  std::int64_t quiet_before = 0;  ///< runs before it that found nothing new and left no entry
};

/// One thing that happened to a connection.
struct TimelineEntry {
  Time happened_at{};
  std::string kind{};    ///< run | state | action | event
  std::string what{};    ///< the run's outcome, the new state, the action, or the event's kind
  std::string who{};     ///< a worker, "admin NAME", or nobody
  std::string detail{};  ///< the error or the reason
  std::optional<RunFigures> run{};
  std::string before{}, after{};  ///< JSON objects of an action, the former state of a change of state; "" = none
};

/// Entries in a row that say the same.
struct FoldedEntry {
  TimelineEntry entry{};  ///< the latest of them; a run's figures are the sums, its duration the longest
  std::int64_t count = 1;
  Time first{};  ///< of the earliest
  Time last{};   ///< of the latest
};

/// Newest first, as the entries are. Equal neighbours become one; quiet runs become an entry of kind `quiet` before the
/// run that counted them; `quiet_now` are those since the latest run. Pure.
std::vector<FoldedEntry> fold(const std::vector<TimelineEntry>& entries, std::int64_t quiet_now, Time now);

}  // namespace calsync::sync
