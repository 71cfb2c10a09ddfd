// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/store/claim_queue.hpp"
#include "common/store/mirror_store.hpp"
#include "common/sync/cursor.hpp"
#include "sync-worker/token_keeper.hpp"

namespace calsync::worker {

struct RunLimits {
  int lease_seconds = 300;
  int request_seconds = 30;
  int run_seconds = 3600;
  std::size_t checkpoint_rows = 2000;  ///< rows held before they are committed in mid-run
  int pages = 2000;                    ///< of one read: a provider that never ends its pages is stopped
};

/// Whether the run may go on: false after a kill switch or when the worker stops.
using MayContinue = std::function<bool()>;

/// The inbound half of one run: pulls the calendar list and every selected calendar, and gathers what has to be
/// written. One object a run; it holds what is gathered so far also when `pull` fails, so that progress is kept.
class Inbound {
 public:
  struct Services {
    AsyncClock& clock;
    store::ClaimQueue& queue;
    store::MirrorStore& mirror;
    TokenKeeper& tokens;
  };
  Inbound(Services services, RunLimits limits, const sync::Claim& claim, const providers::Adapter& adapter,
          MayContinue may_continue);

  Task<Result<void>> pull();

  sync::RunRows take_rows() { return std::move(rows_); }
  const sync::Cursor& cursor() const { return cursor_; }
  const sync::Counts& counts() const { return counts_; }
  /// False once the cursor stands for something less than what it did at the claim.
  bool wrote_checkpoint() const { return wrote_checkpoint_; }

 private:
  struct State {
    std::string time_zone{};
    bool selected = true;
    bool gone = false;
    bool failed = false;  ///< the row says so
  };

  Task<Result<void>> begin();
  Task<Result<void>> pull_calendar_list(std::string cursor);
  Task<Result<void>> read_calendar_list(std::string cursor);
  void apply(const providers::CalendarChange& change);
  void forget(const std::string& calendar_id);
  void drop_deselected();
  Task<Result<void>> pull_calendar(std::string calendar_id);
  Task<Result<void>> read_calendar(std::string calendar_id, std::string token);
  Task<Result<void>> plan_calendar(std::string calendar_id, sync::Delta delta, bool snapshot);
  Result<void> note_rest(const std::string& calendar_id);
  Task<Result<bool>> still_listed(std::string calendar_id);
  Task<Result<void>> checkpoint_if_full();
  Task<Result<void>> stay_alive();
  Task<Result<providers::Page<providers::CalendarChange>>> list_calendars(std::string cursor, std::string page);
  Task<Result<providers::Page<providers::EventChange>>> list_events(std::string calendar_id, std::string token,
                                                                    std::string page);
  Task<Result<void>> renew_token();
  providers::Session session() const;
  std::int64_t now_seconds() const;

  Services services_;
  RunLimits limits_;
  const sync::Claim& claim_;
  const providers::Adapter& adapter_;
  MayContinue may_continue_;
  Deadline run_deadline_;
  Duration lease_taken_;
  Secret credential_;
  bool renewed_ = false;
  bool listed_in_full_ = false;
  bool wrote_checkpoint_ = false;
  sync::Cursor cursor_;
  std::map<std::string, State> calendars_;
  sync::RunRows rows_;
  std::size_t row_count_ = 0;
  sync::Counts counts_;
};

}  // namespace calsync::worker
