// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/calendar/change.hpp"

namespace calsync::sync {

/// `sync_status` of contract section 2.
enum class SyncStatus { synced, created, updated, cancelled, failed };
std::string_view sync_status_name(SyncStatus status);
SyncStatus parse_sync_status(std::string_view name);

/// What the mirror knows of one row.
struct Known {
  std::string etag{};
  SyncStatus status = SyncStatus::synced;
  std::string recurring_event_id{};
  bool booking = false;  ///< ours: the outbound side decides about it until it is synced
  bool buried = false;   ///< a tombstone
  std::string slots{};   ///< of a series in an incremental read: slots_of what the mirror has
};
/// Rows of one calendar by external event id.
using Mirror = std::unordered_map<std::string, Known>;

/// One row to write.
struct MirrorRow {
  calendar::Event event{};
  SyncStatus status = SyncStatus::synced;
  std::string last_error{};
};

/// When a series occurs, as a text to compare: its start, zone and rules, and its sequence, which also tells of one
/// that was moved and moved back (RFC 5545 section 3.8.7.4). "" of anything else.
std::string slots_of(const calendar::Event& event);

const std::string& id_of(const calendar::EventChange& change);
/// As the mirror holds it; nothing when it is gone.
std::optional<MirrorRow> mirror_row(calendar::EventChange change);

struct Counts {
  int ingested = 0;  ///< new rows
  int updated = 0;
  int deleted = 0;
  int failed = 0;  ///< rows that could not be understood, new or again
  Counts& operator+=(const Counts& other);
  bool none() const { return ingested + updated + deleted + failed == 0; }
};

/// What one calendar's changes mean for its mirror.
struct Plan {
  std::vector<MirrorRow> upserts{};
  std::vector<std::string> tombstones{};
  Counts counts{};
  /// The calendar has to be read in full: there are exceptions of which nobody says whether they are there. A series
  /// that was deleted is back, and they went with it; or it occurs at other times now, and they may have gone, or come
  /// back.
  bool exceptions_unknown = false;
  bool empty() const { return upserts.empty() && tombstones.empty(); }
};

/// Changes of one calendar, gathered over the pages of one read. The same event twice: the later one counts.
class Delta {
 public:
  void add(calendar::EventChange change);
  bool empty() const { return changes_.empty(); }
  std::size_t size() const { return changes_.size(); }
  std::vector<std::string> ids() const;
  std::vector<calendar::EventChange> take() && { return std::move(changes_); }

 private:
  std::vector<calendar::EventChange> changes_;
  std::unordered_map<std::string, std::size_t> position_;
};

/// Pure and total. `mirror` holds at least every row that the delta names, and exceptions of the masters it names, dead
/// or alive; with `snapshot` it holds the whole calendar as far as it lives, and what the delta does not mention is
/// gone. Unchanged rows (same etag) are left alone. Moves the events out of `delta`.
Plan reconcile(const Mirror& mirror, Delta delta, bool snapshot);

}  // namespace calsync::sync
