// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/sync/channel_plan.hpp"
#include "common/sync/outcome.hpp"
#include "common/sync/reconcile.hpp"
#include "common/sync/state.hpp"

namespace calsync::sync {

/// One claimed connection: what the claim returned, and the fence (`lease_token`) that every write of the run carries.
struct Claim {
  struct CalendarState {
    std::string id{};
    std::string time_zone{};
    bool selected = true;
    bool gone = false;
    bool failed = false;    ///< its last read failed, which the next success takes back
    bool rests = false;     ///< it did since the provider refuses cursors: it is as far in step as it can be
    bool may_watch = true;  ///< false = it cannot be watched, or opening a channel failed lately
    bool read = true;       ///< it was, since its rows were dropped last: there may be rows of it
  };
  ConnectionId connection{};
  OwnerId owner{};
  std::string provider{};
  std::string account{};
  std::int64_t lease_token = 0;
  std::int64_t wake_seq = 0;
  std::int64_t edit_seq = 0;
  std::string cursor{};
  std::optional<Time> last_synced_at{};
  std::optional<Time> token_expiry{};
  int error_count = 0;
  int grant_refusals = 0;
  std::string state = "active";  ///< that the last settled run left
  int unsettled_claims = 0;      ///< runs before this one, in a row, that ended with their worker
  bool by_push = false;          ///< nobody but push messages asked for this run
  bool interactive = false;      ///< a person waits for it
  bool asked_for = false;        ///< sync_needed at the claim: somebody wants to know how it ends
  /// Age of the first wake-up that this run serves, at the claim; nothing = nobody woke it, or nobody asked.
  std::optional<std::chrono::milliseconds> woken_ago{};
  /// What the account's last run left of its bucket, how long ago; and how many connections use the account.
  double calls_drained = 0;
  Duration calls_age{0};
  int account_links = 1;
  std::vector<std::pair<std::string, std::string>> sealed_credentials{};  ///< kind, sealed text
  std::vector<CalendarState> calendars{};
  std::vector<Channel> channels{};
  std::vector<std::string> retry_calendars{};  ///< calendars with events whose import must be tried again
};

/// A calendar as the account's list shows it.
struct CalendarRow {
  std::string external_calendar_id{};
  std::string name{};
  std::string time_zone{};
  std::string access_role{};
  bool is_primary = false;
};

/// What a run writes besides its verdict.
struct RunRows {
  struct CalendarPlan {
    std::string calendar_id{};
    std::string time_zone{};
    Plan plan{};
  };
  struct CalendarNote {
    std::string calendar_id{};
    std::string error{};  ///< "" = in step
  };
  std::vector<CalendarRow> calendars{};
  std::vector<std::string> removed_calendars{};     ///< gone from the account: their events become tombstones
  std::vector<std::string> deselected_calendars{};  ///< not wanted any more: likewise, but the calendar stays listed
  std::vector<CalendarPlan> plans{};
  std::vector<CalendarNote> notes{};
  std::vector<std::string> read_in_full{};  ///< what earlier reads of them have left staged is scrap
  bool empty() const {
    return calendars.empty() && removed_calendars.empty() && deselected_calendars.empty() && plans.empty() &&
           notes.empty() && read_in_full.empty();
  }
};

/// A full read of one calendar whose pages are written down as they come, since they are too many to be held.
struct StagedRead {
  std::string calendar_id{};
  std::string time_zone{};
  bool rezoned = false;  ///< the calendar is in another zone than its rows in the mirror: all of them are written anew
  int batches = 0;       ///< written so far
};

/// Some pages of it.
struct StagedBatch {
  std::vector<MirrorRow> rows{};
  std::vector<std::string> removed{};
};

/// How one run ends, for the row, for the job runs that asked for it and for the history.
struct Settlement {
  std::string sync_id{};
  ConnectionId connection{};
  std::int64_t lease_token = 0;
  std::int64_t wake_seq = 0;
  std::int64_t edit_seq = 0;
  Outcome outcome{};
  std::optional<std::string> cursor{};  ///< nothing = leave the stored one
  Time started_at{};
  bool noteworthy = true;  ///< worth a line in the history
  bool again = false;      ///< a success that wants another run at once, for changes that nobody announced
  Counts counts{};
  StateChange state{};                    ///< of the connection from now on
  std::optional<double> calls_drained{};  ///< of the account's bucket; nothing = the run kept no account of it
};

/// A lease that is given back without a verdict.
struct ReturnedLease {
  ConnectionId connection{};
  std::int64_t lease_token = 0;
  std::chrono::duration<double> pause{0};  ///< that the provider has asked for: it holds for whoever comes next
  std::int64_t edit_seq = 0;               ///< as the claim found it
  /// The grant was refused, and rests so long; zero = it was not. Counts unless somebody has edited the row meanwhile.
  std::chrono::duration<double> second_look{0};
};

}  // namespace calsync::sync
