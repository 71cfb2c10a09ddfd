// SPDX-License-Identifier: Apache-2.0
// Events as Graph writes them (event resource type).
#pragma once

#include "query_options.hpp"
#include "series.hpp"

namespace calsync::emulator::microsoft {

struct EventView {
  const Preferences& preferences;
  const Switches& switches;
  const Expansion* expansion = nullptr;
  bool clamps = true;
  bool names_removed = false;  // cancelledOccurrences was selected
  bool typed = false;          // with @odata.type, as in a delta
};

EventView view_of(const GraphCall& call, const SelectOptions* select = nullptr);
// One object; `context` is the @odata.context of an answer that is this event alone.
void append_event(std::string& out, const EventView& view, const Item& item, std::optional<std::int64_t> day,
                  std::string_view context = {});
// What a delta has of an unchanged occurrence.
void append_stub(std::string& out, const EventView& view, const Item& item, std::int64_t day);
void append_removed(std::string& out, std::string_view id, std::string_view reason);

std::string etag_of(const Item& item, std::optional<std::int64_t> day);
std::string graph_instant(std::int64_t milliseconds);  // 2026-03-02T08:00:00.0000000Z
// The value of originalStart, and its key in ids of another kind.
std::string original_start(const Item& item, std::int64_t day);
std::string ical_uid_of(const Item& item, std::optional<std::int64_t> day);

}  // namespace calsync::emulator::microsoft
