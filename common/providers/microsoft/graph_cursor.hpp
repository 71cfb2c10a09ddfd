// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/providers/microsoft/microsoft_options.hpp"

// What the reader remembers of one calendar: between reads (the cursor) and within one (the page).
namespace calsync::microsoft {

/// The part of a calendar that a delta link speaks of, and when the full read that made the link began.
struct Window {
  Time from{};
  Time to{};
  Time read_at{};
};
Window window_at(Time now, const WindowOptions& options);
/// It is time for a full read with a window that has moved on.
bool has_aged(const Window& window, Time now, const WindowOptions& options);

/// Series that a delta has named and Graph did not find, and since when. A replica that lags does not know what is new;
/// what was deleted meanwhile is a removal of the next delta. So each is looked for again in the rounds that follow,
/// and is gone when it is still missing a while later.
using MissingSeries = std::map<std::string, Time>;

struct DeltaCursor {
  Window window{};
  std::string link{};  ///< absolute, as Graph gave it
  MissingSeries missing{};
};
std::string dump_delta_cursor(const DeltaCursor& cursor);
/// Nothing = unreadable.
std::optional<DeltaCursor> parse_delta_cursor(std::string_view text);

/// A series of which not all instances are read yet.
struct OpenSeries {
  std::string master{};              ///< the item as it came
  std::vector<std::int64_t> seen{};  ///< slots that an instance fills
  std::string next_link{};
};

/// Where a read stands: first the pages of the delta, then one series after the other.
struct ReadState {
  Window window{};
  std::string next_link{};            ///< of the delta; "" = it is at its end
  std::string delta_link{};           ///< the delta's last word
  std::vector<std::string> series{};  ///< masters to be read
  std::optional<OpenSeries> open{};   ///< of series.back()
  MissingSeries missing{};
};
std::string dump_read_state(const ReadState& state);
std::optional<ReadState> parse_read_state(std::string_view text);

}  // namespace calsync::microsoft
