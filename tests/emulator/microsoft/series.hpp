// SPDX-License-Identifier: Apache-2.0
// From stored items to what happens in a window of time.
#pragma once

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

// A single event, or an occurrence of a series.
struct Instance {
  const Item* item = nullptr;
  std::optional<std::int64_t> day;
  std::int64_t first = 0, last = 0;  // UTC seconds
};

struct Span {
  Moment start, end;
  std::int64_t first() const { return start.utc(); }
  std::int64_t last() const { return end.utc(); }
};

// When it takes place: `day` names an occurrence.
Span span_of(const Item& item, std::optional<std::int64_t> day);
Span planned_span(const Item& item, std::int64_t day);  // of an occurrence, as if it were unchanged
bool overlaps(const Window& window, std::int64_t first, std::int64_t last);
// Those that overlap the window, in order of time.
void append_instances(const Item& item, const Window& window, bool clamps, std::vector<Instance>& out);

}  // namespace calsync::emulator::microsoft
