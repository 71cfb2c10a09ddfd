// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/store/mirror_store.hpp"
#include "common/sync/cursor.hpp"
#include "sync-worker/active_run.hpp"

namespace calsync::worker {

/// The inbound half of one run: pulls the calendar list and every selected calendar, and gathers what has to be
/// written. One object a run; it holds what is gathered so far also when `pull` fails, so that progress is kept.
class Inbound {
 public:
  Inbound(ActiveRun& run, store::MirrorStore& mirror);

  Task<Result<void>> pull();

  sync::RunRows take_rows() { return std::move(rows_); }
  const sync::Cursor& cursor() const { return cursor_; }
  const sync::Counts& counts() const { return counts_; }
  /// False once the cursor stands for something less than what it did at the claim.
  bool wrote_checkpoint() const { return wrote_checkpoint_; }
  /// The calendars that are to be in the mirror, as the provider's list and the row say now.
  std::vector<std::string> wanted_calendars() const;
  /// Calendars in which an incremental read found something that the mirror did not have.
  const std::set<std::string>& changed_calendars() const { return changed_; }
  /// Wanted calendars whose last read failed.
  int failing_calendars() const;

 private:
  struct State {
    std::string time_zone{};
    bool selected = true;
    bool gone = false;
    bool failed = false;  ///< the row says so
    bool read = false;    ///< there may be rows of it
    /// Where its days begin from now on, while its rows still say otherwise: told with them, once they are read anew.
    std::optional<sync::CalendarRow> rezoned{};
    bool failing = false;  ///< as this run found it, or left it
  };

  Task<Result<void>> pull_calendar_list(std::string cursor);
  Task<Result<void>> read_calendar_list(std::string cursor);
  void apply(const providers::CalendarChange& change);
  void forget(const std::string& calendar_id);
  void drop_deselected();
  Task<Result<void>> pull_calendar(std::string calendar_id);
  Task<Result<void>> read_calendar(std::string calendar_id, std::string token);
  /// The position that the end of a read brings.
  void arrive(const std::string& calendar_id, std::string token, bool snapshot);
  Task<Result<void>> plan_calendar(std::string calendar_id, sync::Delta delta, bool snapshot);
  /// Writes the changes down for a full read that goes on, or begins one. Empties `delta`.
  Task<Result<void>> stage(const std::string& calendar_id, std::optional<sync::StagedRead>& read, sync::Delta& delta);
  /// The mirror of its calendar is from now on what `read` has staged.
  Task<Result<void>> flip(sync::StagedRead read, std::string token);
  void settle_zone(const std::string& calendar_id);
  Result<void> note_rest(const std::string& calendar_id);
  Task<Result<bool>> still_listed(std::string calendar_id);
  Task<Result<void>> checkpoint_if_full();
  Task<Result<void>> checkpoint();
  Task<void> committed();
  Task<Result<providers::Page<providers::CalendarChange>>> list_calendars(std::string cursor, std::string page);
  Task<Result<providers::Page<providers::EventChange>>> list_events(std::string calendar_id, std::string token,
                                                                    std::string page);
  bool list_is_fresh() const;
  std::int64_t now_seconds() const;

  ActiveRun& run_;
  store::MirrorStore& mirror_;
  const sync::Claim& claim_;
  bool listed_in_full_ = false;
  bool wrote_checkpoint_ = false;
  sync::Cursor cursor_;
  std::map<std::string, State> calendars_;
  sync::RunRows rows_;
  std::size_t row_count_ = 0;
  sync::Counts counts_;
  std::set<std::string> changed_;
};

}  // namespace calsync::worker
