// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "tests/simulation/database/memory_database.hpp"
#include "tests/simulation/provider/canonical_row.hpp"
#include "tests/simulation/world/roster.hpp"

namespace calsync::simulation {

/// A member's mirror beside the truth, by every field.
class Comparison {
 public:
  /// `payloads`: raw payloads are compared, too.
  Comparison(EmulatedWorld& provider, const MemoryDatabase& database, bool payloads)
      : provider_(provider), database_(database), payloads_(payloads) {}

  /// Nobody waits, nothing has failed, and the rows are those of the provider. `why` says what is wrong first.
  bool in_step(const Member& member, std::string* why) const;

 private:
  std::string known_of(const std::string& calendar, const std::string& event) const;
  using Rows = std::map<std::pair<std::string, std::string>, CanonicalRow>;  ///< by calendar and event
  using Say = std::function<bool(std::string)>;
  bool same_rows(const Member& member, const ConnectionRow& row, Rows& wanted, const Say& say) const;
  bool same_mailbox_rows(const Member& member, const ConnectionRow& row, const Say& say) const;
  std::string calendar_fault(const Member& member, const CalendarRow& row) const;
  const CalendarRow* calendar_with_a_note(const ConnectionRow& row) const;
  const EventRow* to_be_tried_again(const ConnectionRow& row) const;

  EmulatedWorld& provider_;
  const MemoryDatabase& database_;
  bool payloads_;
};

}  // namespace calsync::simulation
