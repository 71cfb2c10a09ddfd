// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>

#include "common/sync/reconcile.hpp"
#include "tests/contract/event_reader_contract/history.hpp"

namespace calsync::contract {

/// One calendar, mirrored as a run of the worker does it, in memory.
class Mirror {
 public:
  Mirror(Author& author, World& world) : author_(author), world_(world), adapter_(author.adapter()) {}

  /// Reads and reconciles; a position that has ended is followed by a full read. `between` is called after each page.
  void read(const std::function<void()>& between = {});
  /// The next read is a full one.
  void forget() { cursor_.clear(); }

  /// Every occurrence from 2026-03-01 to 2026-06-01, expanded by another library than the adapters': one sorted line
  /// each, "START/END TITLE" with "free" where it blocks no time.
  std::vector<std::string> shown() const;

  const std::map<std::string, calendar::Event>& events() const { return events_; }
  int pages() const { return pages_; }         ///< of the last read
  bool was_full() const { return was_full_; }  ///< whether the last read was a snapshot

 private:
  Result<void> read_with(const std::string& cursor, const std::function<void()>& between);
  void apply(sync::Delta delta, bool snapshot);

  Author& author_;
  World& world_;
  providers::Adapter adapter_;
  std::string cursor_;
  std::map<std::string, calendar::Event> events_;
  int pages_ = 0;
  bool was_full_ = false;
};

}  // namespace calsync::contract
