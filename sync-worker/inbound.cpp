// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/inbound.hpp"

#include <algorithm>
#include <set>

namespace calsync::worker {
namespace {

/// A failure of one calendar that says nothing about the others.
bool concerns_one_calendar(Failure failure) {
  return failure == Failure::rejected || failure == Failure::malformed || failure == Failure::cursor_expired ||
         failure == Failure::not_found;
}

constexpr std::int64_t seconds_between_lists = 300;

Error lease_lost() { return fail(Failure::lease_lost, "the lease is lost, or an operator changed the connection"); }

Error endless_pages() { return fail(Failure::malformed, "the provider's pages do not end"); }

}  // namespace

Inbound::Inbound(ActiveRun& run, store::MirrorStore& mirror)
    : run_(run), mirror_(mirror), claim_(run.claim()), cursor_(sync::parse_cursor(run.claim().cursor)) {
  for (const sync::Claim::CalendarState& one : claim_.calendars) {
    calendars_[one.id] = {.time_zone = one.time_zone,
                          .selected = one.selected,
                          .gone = one.gone,
                          .failed = one.failed,
                          .read = one.read,
                          .failing = one.failed && !one.rests};
    // Its rows went, and the run that dropped them could not store a cursor because an operator's edit won.
    if (!one.read) cursor_.calendars.erase(one.id);
  }
}

std::int64_t Inbound::now_seconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(run_.clock().now().time_since_epoch()).count();
}

/// A push message speaks of one calendar's events. Polls ask for the list of calendars, and pushes now and then where
/// polls never become due: a change is mirrored one request sooner.
bool Inbound::list_is_fresh() const {
  return claim_.by_push && !calendars_.empty() && now_seconds() - cursor_.listed_at < seconds_between_lists;
}

std::vector<std::string> Inbound::wanted_calendars() const {
  std::vector<std::string> wanted;
  for (const auto& [id, state] : calendars_) {
    if (state.selected && !state.gone) wanted.push_back(id);
  }
  return wanted;
}

int Inbound::failing_calendars() const {
  return static_cast<int>(std::count_if(calendars_.begin(), calendars_.end(), [](const auto& one) {
    return one.second.selected && !one.second.gone && one.second.failing;
  }));
}

Task<Result<void>> Inbound::pull() {
  if (auto begun = co_await run_.begin(); !begun) co_return begun;
  if (!list_is_fresh()) {
    if (auto listed = co_await pull_calendar_list(cursor_.calendar_list); !listed) co_return listed;
  }
  drop_deselected();
  std::optional<Error> first_error;
  bool any_read = false;
  for (const std::string& id : wanted_calendars()) {
    Result<void> pulled = co_await pull_calendar(id);
    any_read = any_read || (pulled && !calendars_[id].gone);
    if (pulled) continue;
    if (run_.lacks_credential() || !concerns_one_calendar(pulled.error().failure)) co_return pulled;
    rows_.notes.push_back({id, describe(pulled.error())});
    calendars_[id].failing = pulled.error().failure != Failure::cursor_expired;
    if (!first_error) first_error = pulled.error();
  }
  // One calendar that cannot be read is a note on that calendar, tried again at each poll; it must not slow down or
  // stop the account's others.
  if (first_error && !any_read) co_return *first_error;
  co_return Result<void>();
}

Task<Result<providers::Page<providers::CalendarChange>>> Inbound::list_calendars(std::string cursor, std::string page) {
  return run_.call([this, cursor = std::move(cursor), page = std::move(page)](providers::Session session) {
    return run_.adapter().reader->list_calendars(std::move(session), cursor, page);
  });
}

Task<Result<providers::Page<providers::EventChange>>> Inbound::list_events(std::string calendar_id, std::string token,
                                                                           std::string page) {
  return run_.call([this, calendar_id = std::move(calendar_id), token = std::move(token),
                    page = std::move(page)](providers::Session session) {
    return run_.adapter().reader->list_events(std::move(session), calendar_id, token, page);
  });
}

Task<Result<void>> Inbound::pull_calendar_list(std::string cursor) {
  Result<void> read = co_await read_calendar_list(cursor);
  if (!read && read.error().failure == Failure::cursor_expired && !cursor.empty())
    read = co_await read_calendar_list("");
  co_return read;
}

Task<Result<void>> Inbound::read_calendar_list(std::string cursor) {
  std::vector<providers::CalendarChange> changes;
  const std::string before = cursor_.calendar_list;
  std::string page;
  bool snapshot = false;
  for (int count = 0;; ++count) {
    if (count == run_.limits().pages) co_return endless_pages();
    auto answer = co_await list_calendars(cursor, page);
    if (!answer) co_return answer.error();
    snapshot = answer->snapshot;
    std::move(answer->changes.begin(), answer->changes.end(), std::back_inserter(changes));
    if (answer->next_page.empty()) {
      cursor_.calendar_list = answer->next_cursor;
      cursor_.listed_at = now_seconds();
      break;
    }
    page = answer->next_page;
  }
  std::set<std::string> named;
  for (const providers::CalendarChange& change : changes) {
    if (const auto* calendar = std::get_if<providers::Calendar>(&change)) named.insert(calendar->external_calendar_id);
    apply(change);
  }
  // Until its rows are written anew, the next run has to hear of a calendar's new zone again.
  for (const auto& [id, state] : calendars_) {
    if (state.rezoned) cursor_.calendar_list = before;
  }
  if (!snapshot) co_return Result<void>();
  listed_in_full_ = true;
  for (const auto& [id, state] : calendars_) {
    if (!named.contains(id) && !state.gone) apply(providers::CalendarRemoved{id});
  }
  co_return Result<void>();
}

void Inbound::apply(const providers::CalendarChange& change) {
  if (const auto* removed = std::get_if<providers::CalendarRemoved>(&change)) {
    const auto known = calendars_.find(removed->external_calendar_id);
    if (known == calendars_.end() || known->second.gone) return;
    known->second.gone = true;
    forget(removed->external_calendar_id);
    rows_.removed_calendars.push_back(removed->external_calendar_id);
    return;
  }
  const auto& calendar = std::get<providers::Calendar>(change);
  State& state = calendars_[calendar.external_calendar_id];
  // Its rows went when it did. A position may be left: where an operator's edit won, that run stored no cursor.
  if (state.gone) cursor_.calendars.erase(calendar.external_calendar_id);
  state.gone = false;
  if (!calendar.readable) state.selected = false;
  sync::CalendarRow row{calendar.external_calendar_id, calendar.name, calendar.time_zone, calendar.access_role,
                        calendar.is_primary};
  const bool moves = !calendar.time_zone.empty() && !state.time_zone.empty() && state.time_zone != calendar.time_zone;
  if (moves && state.selected && state.read) {
    state.rezoned = row;
    row.time_zone.clear();
  } else if (!calendar.time_zone.empty()) {
    state.time_zone = calendar.time_zone;
  }
  rows_.calendars.push_back(std::move(row));
}

void Inbound::forget(const std::string& calendar_id) {
  cursor_.calendars.erase(calendar_id);
  std::erase_if(rows_.calendars, [&](const sync::CalendarRow& row) { return row.external_calendar_id == calendar_id; });
  std::erase_if(rows_.plans, [&](const auto& plan) { return plan.calendar_id == calendar_id; });
}

void Inbound::drop_deselected() {
  for (const auto& [id, state] : calendars_) {
    if (state.selected || state.gone || !state.read) continue;
    cursor_.calendars.erase(id);
    rows_.deselected_calendars.push_back(id);
  }
}

Task<Result<void>> Inbound::pull_calendar(std::string calendar_id) {
  sync::CalendarPosition& position = cursor_.calendars[calendar_id];
  const auto& retry = claim_.retry_calendars;
  const bool again = std::find(retry.begin(), retry.end(), calendar_id) != retry.end();
  if (!again && !calendars_[calendar_id].rezoned && sync::resting(position, now_seconds()))
    co_return note_rest(calendar_id);
  std::string token = again || calendars_[calendar_id].rezoned ? std::string() : position.token;
  Result<void> read = co_await read_calendar(calendar_id, token);
  if (!read && read.error().failure == Failure::cursor_expired && !token.empty()) {
    position.token.clear();
    ++position.expirations;
    if (!again && sync::resting(position, now_seconds())) co_return note_rest(calendar_id);
    read = co_await read_calendar(calendar_id, "");
  }
  if (!read && read.error().failure == Failure::not_found) {
    // A calendar that was unshared looks like this before the list says so.
    const Result<bool> listed = co_await still_listed(calendar_id);
    if (!listed) co_return listed.error();
    if (!*listed) co_return Result<void>();
  }
  if (!read) co_return read;
  co_return co_await checkpoint_if_full();
}

Result<void> Inbound::note_rest(const std::string& calendar_id) {
  if (!calendars_[calendar_id].failed) {
    rows_.notes.push_back({calendar_id,
                           "cursor_expired: the provider refuses incremental reads of this calendar; it is read in "
                           "full every few hours"});
  }
  return {};
}

Task<Result<bool>> Inbound::still_listed(std::string calendar_id) {
  if (!listed_in_full_) {
    if (auto listed = co_await read_calendar_list(""); !listed) co_return listed.error();
  }
  co_return !calendars_[calendar_id].gone;
}

Task<Result<void>> Inbound::read_calendar(std::string calendar_id, std::string token) {
  if (token.empty()) {
    if (auto place = co_await run_.full_read(); !place) co_return place;
  }
  sync::Delta delta;
  std::optional<sync::StagedRead> staged;
  std::string page;
  bool snapshot = false;
  for (int count = 0;; ++count) {
    if (count == run_.limits().pages) co_return endless_pages();
    auto answer = co_await list_events(calendar_id, token, page);
    if (!answer) co_return answer.error();
    snapshot = answer->snapshot;
    if (answer->about) apply(*answer->about);
    for (providers::EventChange& change : answer->changes) delta.add(std::move(change));
    if (answer->next_page.empty()) {
      if (!staged) {
        arrive(calendar_id, std::move(answer->next_cursor), snapshot);
        co_return co_await plan_calendar(std::move(calendar_id), std::move(delta), snapshot);
      }
      if (auto written = co_await stage(calendar_id, staged, delta); !written) co_return written;
      co_return co_await flip(std::move(*staged), std::move(answer->next_cursor));
    }
    page = answer->next_page;
    if (!snapshot || delta.size() < run_.limits().checkpoint_rows) continue;
    if (auto written = co_await stage(calendar_id, staged, delta); !written) co_return written;
  }
}

void Inbound::arrive(const std::string& calendar_id, std::string token, bool snapshot) {
  sync::CalendarPosition& position = cursor_.calendars[calendar_id];
  position.token = std::move(token);
  if (snapshot) {
    position.full_read_at = now_seconds();
  } else {
    position.expirations = 0;
  }
}

Task<Result<void>> Inbound::stage(const std::string& calendar_id, std::optional<sync::StagedRead>& read,
                                  sync::Delta& delta) {
  if (auto wanted = run_.still_wanted(); !wanted) co_return wanted;
  if (!read) {
    const State& state = calendars_[calendar_id];
    read = sync::StagedRead{calendar_id, state.rezoned ? state.rezoned->time_zone : state.time_zone,
                            state.rezoned.has_value()};
  }
  if (delta.empty()) co_return Result<void>();
  sync::StagedBatch batch;
  for (calendar::EventChange& change : std::exchange(delta, {}).take()) {
    std::string id = sync::id_of(change);
    if (auto row = sync::mirror_row(std::move(change))) {
      batch.rows.push_back(std::move(*row));
    } else {
      batch.removed.push_back(std::move(id));
    }
  }
  const bool ours = co_await mirror_.stage(claim_, *read, std::move(batch), run_.limits().lease_seconds);
  if (!ours) co_return lease_lost();
  ++read->batches;
  co_await run_.lease_renewed();
  co_return Result<void>();
}

Task<Result<void>> Inbound::flip(sync::StagedRead read, std::string token) {
  if (auto wanted = run_.still_wanted(); !wanted) co_return wanted;
  const std::string calendar_id = read.calendar_id;
  arrive(calendar_id, std::move(token), true);
  settle_zone(calendar_id);
  calendars_[calendar_id].failing = false;
  rows_.notes.push_back({calendar_id, {}});
  std::string cursor = sync::dump_cursor(cursor_);
  sync::RunRows rows = std::exchange(rows_, {});
  const auto counts =
      co_await mirror_.flip(claim_, std::move(rows), std::move(read), std::move(cursor), run_.limits().lease_seconds);
  if (!counts) co_return lease_lost();
  counts_ += *counts;
  co_await committed();
  co_return Result<void>();
}

/// Its rows are about to be written as its new zone wants them, if it has moved.
void Inbound::settle_zone(const std::string& calendar_id) {
  auto moved = std::exchange(calendars_[calendar_id].rezoned, std::nullopt);
  if (!moved) return;
  calendars_[calendar_id].time_zone = moved->time_zone;
  rows_.calendars.push_back(std::move(*moved));
}

Task<Result<void>> Inbound::plan_calendar(std::string calendar_id, sync::Delta delta, bool snapshot) {
  sync::Plan plan;
  if (snapshot) {
    sync::Mirror mirror = co_await mirror_.known(claim_.connection, calendar_id);
    if (calendars_[calendar_id].rezoned) {
      for (auto& [id, known] : mirror) known.etag.clear();
    }
    settle_zone(calendar_id);
    rows_.read_in_full.push_back(calendar_id);
    plan = sync::reconcile(mirror, std::move(delta), true);
  } else if (!delta.empty()) {
    const sync::Mirror mirror = co_await mirror_.known(claim_.connection, calendar_id, delta.ids());
    plan = sync::reconcile(mirror, std::move(delta), false);
  }
  const auto known = std::find_if(claim_.calendars.begin(), claim_.calendars.end(),
                                  [&](const auto& one) { return one.id == calendar_id; });
  const bool first_time = known == claim_.calendars.end();
  calendars_[calendar_id].failing = false;
  if (snapshot || first_time || !plan.empty() || calendars_[calendar_id].failed)
    rows_.notes.push_back({calendar_id, {}});
  if (plan.empty()) co_return Result<void>();
  const bool in_full = plan.exceptions_unknown;
  if (!snapshot) changed_.insert(calendar_id);
  row_count_ += plan.upserts.size() + plan.tombstones.size();
  counts_ += plan.counts;
  rows_.plans.push_back({calendar_id, calendars_[calendar_id].time_zone, std::move(plan)});
  if (!in_full) co_return Result<void>();
  // What is known is in the mirror meanwhile, however long the full read has to wait for its turn.
  cursor_.calendars[calendar_id].token.clear();
  if (auto written = co_await checkpoint(); !written) co_return written;
  co_return co_await read_calendar(std::move(calendar_id), "");
}

Task<Result<void>> Inbound::checkpoint_if_full() {
  if (row_count_ < run_.limits().checkpoint_rows) co_return Result<void>();
  co_return co_await checkpoint();
}

Task<Result<void>> Inbound::checkpoint() {
  std::string cursor = sync::dump_cursor(cursor_);
  sync::RunRows rows = std::exchange(rows_, {});
  const bool ours =
      co_await mirror_.checkpoint(claim_, std::move(rows), std::move(cursor), run_.limits().lease_seconds);
  if (!ours) co_return lease_lost();
  co_await committed();
  co_return Result<void>();
}

Task<void> Inbound::committed() {
  row_count_ = 0;
  wrote_checkpoint_ = true;
  co_await run_.lease_renewed();
}

}  // namespace calsync::worker
