// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/push.hpp"

namespace calsync::simulation::statements {
namespace {

constexpr int portion = 500;

class Tended {
 public:
  Tended(const Transaction& transaction, bool pushes, std::chrono::seconds patience)
      : tables_(transaction.tables), now_(transaction.now), pushes_(pushes), patience_(patience) {}

  std::set<std::string> connections() const {
    std::set<std::string> found;
    for (const auto& [id, channel] : tables_.channels.rows()) {
      if (asks(*channel)) found.insert(channel->connection_id);
    }
    if (!pushes_) return found;
    for (const auto& [key, calendar] : tables_.calendars.rows()) {
      if (asks(*calendar)) found.insert(key.first);
    }
    return found;
  }

 private:
  bool past(const Moment& moment) const { return moment && *moment <= now_; }

  bool asks(const ChannelRow& channel) const {
    if (channel.state == "stopping" && past(channel.retry_at) && channel.expires_at && *channel.expires_at > now_)
      return true;
    if (!pushes_) return channel.state == "opening" || channel.state == "live";
    const bool silent = channel.missed_at && *channel.missed_at <= now_ - patience_;
    if (channel.state != "live" || !(past(channel.renew_at) || silent)) return false;
    const CalendarRow* calendar = tables_.calendars.find({channel.connection_id, channel.external_calendar_id});
    return !(calendar && calendar->watch_retry_at && *calendar->watch_retry_at > now_);
  }

  bool asks(const CalendarRow& calendar) const {
    if (!past(calendar.watch_retry_at) || !calendar.selected || calendar.deleted_at || calendar.access_role == "none")
      return false;
    const auto& ids = tables_.channels.index().of_connection;
    const std::string& connection = calendar.connection_id;
    for (auto at = ids.lower_bound({connection, ""}); at != ids.end() && at->first == connection; ++at) {
      const ChannelRow& channel = *tables_.channels.find(at->second);
      if (channel.external_calendar_id == calendar.external_calendar_id && channel.state == "live" &&
          channel.expires_at && *channel.expires_at > now_) {
        return false;
      }
    }
    return true;
  }

  const Tables& tables_;
  Time now_;
  bool pushes_;
  std::chrono::seconds patience_;
};

bool may_be_woken(const ConnectionRow& row, Time now) {
  return !row.sync_needed && row.sync_enabled && !row.lease_until &&
         (!row.last_attempt_at || *row.last_attempt_at < now - std::chrono::seconds(3));
}

}  // namespace

int push_tend(Transaction& transaction, bool pushes, std::chrono::seconds patience, const Ids& owners,
              const Ids& connections) {
  int woken = 0;
  for (const std::string& id : Tended(transaction, pushes, patience).connections()) {
    const ConnectionRow& row = *transaction.tables.connections.find(id);
    if (!may_be_woken(row, transaction.now) || !sqlf::admits(owners, row.provider_id) ||
        !sqlf::admits(connections, id)) {
      continue;
    }
    transaction.update_connection(id, Names::sync_needed, [](ConnectionRow& set) { set.sync_needed = true; });
    if (++woken == portion) break;
  }
  return woken;
}

}  // namespace calsync::simulation::statements
