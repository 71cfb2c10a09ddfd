// SPDX-License-Identifier: Apache-2.0
#include "common/sync/reconcile.hpp"

#include <algorithm>

namespace calsync::sync {
namespace {

/// Rows with work towards the provider belong to the outbound side.
bool outbound(const Known& known) {
  return known.status == SyncStatus::updated || known.status == SyncStatus::cancelled ||
         (known.status == SyncStatus::created && known.booking);
}

MirrorRow row_of(calendar::Event& event) { return {std::move(event), SyncStatus::synced, {}}; }

MirrorRow row_of(calendar::EventUnreadable& unreadable) {
  MirrorRow row;
  row.event.external_event_id = std::move(unreadable.external_event_id);
  row.event.ical_uid = std::move(unreadable.ical_uid);
  row.event.raw_payload = std::move(unreadable.raw_payload);
  row.event.etag = std::move(unreadable.etag);
  // Nobody knows when it is, so it blocks no time; operators find it by its status.
  row.event.is_busy = false;
  row.status = SyncStatus::failed;
  row.last_error = "malformed_response: " + unreadable.reason;
  return row;
}

class Planner {
 public:
  Planner(const Mirror& mirror, Plan& plan) : mirror_(mirror), plan_(plan) {}

  void operator()(calendar::Event& event) {
    if (event.whole_series) masters_.insert(event.external_event_id);
    const Known* known = find(event.external_event_id);
    if (!known && !event.whole_series && mirror_.contains(event.external_event_id))
      revived_.insert(event.external_event_id);
    if (known && !event.whole_series && known->slots != slots_of(event)) moved_.insert(event.external_event_id);
    if (known && (outbound(*known) ||
                  (known->status == SyncStatus::synced && !event.etag.empty() && known->etag == event.etag))) {
      return;
    }
    known ? ++plan_.counts.updated : ++plan_.counts.ingested;
    plan_.upserts.push_back(row_of(event));
  }

  void operator()(calendar::EventRemoved& removed) {
    const Known* known = find(removed.external_event_id);
    if (known && !outbound(*known)) bury(removed.external_event_id);
    masters_.insert(removed.external_event_id);
  }

  void operator()(calendar::EventUnreadable& unreadable) {
    const Known* known = find(unreadable.external_event_id);
    if (known && (outbound(*known) || (known->status == SyncStatus::failed && known->etag == unreadable.etag))) return;
    ++plan_.counts.failed;
    plan_.upserts.push_back(row_of(unreadable));
  }

  /// Google sends only the master of a deleted series: its exceptions go with it. Microsoft tells of no exception that
  /// is gone; its series are read anew.
  void bury_orphans(const std::unordered_set<std::string>& named) {
    if (masters_.empty()) return;
    for (const auto& [id, known] : mirror_) {
      if (!known.buried && masters_.contains(known.recurring_event_id) && !named.contains(id) && !outbound(known))
        bury(id);
    }
  }

  void bury_absent(const std::unordered_set<std::string>& named) {
    for (const auto& [id, known] : mirror_) {
      if (!known.buried && !named.contains(id) && !outbound(known)) bury(id);
    }
  }

  void look_for_unknown_exceptions(const std::unordered_set<std::string>& named) {
    if (revived_.empty() && moved_.empty()) return;
    plan_.exceptions_unknown = std::any_of(mirror_.begin(), mirror_.end(), [&](const auto& one) {
      const auto& [id, known] = one;
      const bool asked_for =
          moved_.contains(known.recurring_event_id) || (known.buried && revived_.contains(known.recurring_event_id));
      return asked_for && !named.contains(id);
    });
  }

 private:
  const Known* find(const std::string& id) const {
    const auto found = mirror_.find(id);
    return found == mirror_.end() || found->second.buried ? nullptr : &found->second;
  }
  void bury(const std::string& id) {
    if (!buried_.insert(id).second) return;
    ++plan_.counts.deleted;
    plan_.tombstones.push_back(id);
  }

  const Mirror& mirror_;
  Plan& plan_;
  std::unordered_set<std::string> masters_;  ///< removed, or not masters at all
  std::unordered_set<std::string> revived_;
  std::unordered_set<std::string> moved_;
  std::unordered_set<std::string> buried_;
};

}  // namespace

std::string slots_of(const calendar::Event& event) {
  if (event.recurrence.empty()) return {};
  std::string slots = std::to_string(event.sequence);
  if (event.start.date) {
    slots += '\n' + format_date(*event.start.date);
  } else if (event.start.instant) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*event.start.instant);
    slots += '\n' + std::to_string(seconds.time_since_epoch().count());
  }
  if (!event.time_zone.empty()) slots += '\n' + event.time_zone;
  for (const std::string& line : event.recurrence) slots += '\n' + line;
  return slots;
}

const std::string& id_of(const calendar::EventChange& change) {
  return std::visit([](const auto& one) -> const std::string& { return one.external_event_id; }, change);
}

std::optional<MirrorRow> mirror_row(calendar::EventChange change) {
  if (auto* event = std::get_if<calendar::Event>(&change)) return row_of(*event);
  if (auto* unreadable = std::get_if<calendar::EventUnreadable>(&change)) return row_of(*unreadable);
  return std::nullopt;
}

std::string_view sync_status_name(SyncStatus status) {
  switch (status) {
    case SyncStatus::synced:
      return "SYNCED";
    case SyncStatus::created:
      return "CREATED";
    case SyncStatus::updated:
      return "UPDATED";
    case SyncStatus::cancelled:
      return "CANCELLED";
    case SyncStatus::failed:
      return "FAILED";
  }
  return "FAILED";
}

SyncStatus parse_sync_status(std::string_view name) {
  for (const SyncStatus status :
       {SyncStatus::synced, SyncStatus::created, SyncStatus::updated, SyncStatus::cancelled}) {
    if (name == sync_status_name(status)) return status;
  }
  return SyncStatus::failed;
}

Counts& Counts::operator+=(const Counts& other) {
  ingested += other.ingested;
  updated += other.updated;
  deleted += other.deleted;
  failed += other.failed;
  return *this;
}

void Delta::add(calendar::EventChange change) {
  const auto [found, added] = position_.try_emplace(id_of(change), changes_.size());
  if (added) {
    changes_.push_back(std::move(change));
  } else {
    changes_[found->second] = std::move(change);
  }
}

std::vector<std::string> Delta::ids() const {
  std::vector<std::string> ids;
  ids.reserve(changes_.size());
  for (const calendar::EventChange& change : changes_) ids.push_back(id_of(change));
  return ids;
}

Plan reconcile(const Mirror& mirror, Delta delta, bool snapshot) {
  Plan plan;
  Planner planner(mirror, plan);
  std::unordered_set<std::string> named;
  std::vector<calendar::EventChange> changes = std::move(delta).take();
  for (const calendar::EventChange& change : changes) named.insert(id_of(change));
  for (calendar::EventChange& change : changes) std::visit(planner, change);
  planner.bury_orphans(named);
  if (snapshot) planner.bury_absent(named);
  if (!snapshot) planner.look_for_unknown_exceptions(named);
  // Sorted ids lock rows in one order in every transaction.
  std::sort(plan.tombstones.begin(), plan.tombstones.end());
  return plan;
}

}  // namespace calsync::sync
