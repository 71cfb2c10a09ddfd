// SPDX-License-Identifier: Apache-2.0
#include "common/sync/timeline.hpp"

#include <algorithm>
#include <tuple>

namespace calsync::sync {
namespace {

/// Which worker ran is of no interest, who acted is.
bool same(const TimelineEntry& a, const TimelineEntry& b) {
  if (std::tie(a.kind, a.what, a.detail) != std::tie(b.kind, b.what, b.detail)) return false;
  if (a.kind == "run") return true;
  return std::tie(a.who, a.before, a.after) == std::tie(b.who, b.before, b.after);
}

void add(RunFigures& sum, const RunFigures& earlier) {
  sum.duration_ms = std::max(sum.duration_ms, earlier.duration_ms);
  sum.items_ingested += earlier.items_ingested;
  sum.items_updated += earlier.items_updated;
  sum.items_deleted += earlier.items_deleted;
  sum.items_failed += earlier.items_failed;
}

FoldedEntry quiet(std::int64_t runs, Time at) {
  FoldedEntry folded;
  folded.entry.happened_at = at;
  folded.entry.kind = "quiet";
  folded.entry.what = "quiet";
  folded.count = runs;
  folded.first = folded.last = at;
  return folded;
}

}  // namespace

std::vector<FoldedEntry> fold(const std::vector<TimelineEntry>& entries, std::int64_t quiet_now, Time now) {
  std::vector<FoldedEntry> folded;
  if (quiet_now > 0) folded.push_back(quiet(quiet_now, now));
  for (const TimelineEntry& one : entries) {
    if (!folded.empty() && same(folded.back().entry, one)) {
      FoldedEntry& group = folded.back();
      ++group.count;
      group.first = one.happened_at;
      if (group.entry.run && one.run) add(*group.entry.run, *one.run);
    } else {
      folded.push_back({one, 1, one.happened_at, one.happened_at});
    }
    if (one.run && one.run->quiet_before > 0) folded.push_back(quiet(one.run->quiet_before, one.happened_at));
  }
  return folded;
}

}  // namespace calsync::sync
