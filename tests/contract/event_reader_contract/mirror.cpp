// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/event_reader_contract/mirror.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace calsync::contract {

void Mirror::read(const std::function<void()>& between) {
  Result<void> read = read_with(cursor_, between);
  if (!read && read.error().failure == Failure::cursor_expired) read = read_with("", {});
  if (!read) throw std::runtime_error(describe(read.error()));
}

Result<void> Mirror::read_with(const std::string& cursor, const std::function<void()>& between) {
  sync::Delta delta;
  std::string page;
  pages_ = 0;
  for (;;) {
    if (++pages_ > 500) return fail(Failure::malformed, "the pages do not end");
    auto answer = testing::run_task(adapter_.reader->list_events(author_.session(), author_.calendar(), cursor, page),
                                    &world_.clock());
    if (!answer) return answer.error();
    was_full_ = answer->snapshot;
    for (auto& change : answer->changes) delta.add(std::move(change));
    if (between) between();
    page = answer->next_page;
    if (!page.empty()) continue;
    cursor_ = answer->next_cursor;
    apply(std::move(delta), was_full_);
    return {};
  }
}

void Mirror::apply(sync::Delta delta, bool snapshot) {
  sync::Mirror known;
  for (const auto& [id, event] : events_)
    known[id] = {event.etag, sync::SyncStatus::synced, event.recurring_event_id, false};
  sync::Plan plan = sync::reconcile(known, std::move(delta), snapshot);
  for (const std::string& id : plan.tombstones) events_.erase(id);
  for (sync::MirrorRow& row : plan.upserts) {
    if (row.status == sync::SyncStatus::failed) row.event.title = "UNREADABLE " + row.last_error;
    events_[row.event.external_event_id] = std::move(row.event);
  }
}

}  // namespace calsync::contract
