// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <tuple>

#include "tests/simulation/database/rows.hpp"

namespace calsync::simulation {

/// UNIQUE (provider_id, provider, provider_user_id), and due rows by provider.
struct ConnectionIndex {
  using Account = std::tuple<std::string, std::string, std::string>;
  using Due = std::tuple<std::string, Time, std::string>;

  void change(const std::string& id, const ConnectionRow* before, const ConnectionRow* after) {
    if (before) {
      if (before->provider_user_id) accounts.erase(account(*before));
      if (before->sync_due_at) due.erase({before->provider, *before->sync_due_at, id});
    }
    if (after) {
      if (after->provider_user_id) accounts[account(*after)] = id;
      if (after->sync_due_at) due.insert({after->provider, *after->sync_due_at, id});
    }
  }
  static Account account(const ConnectionRow& row) { return {row.provider_id, row.provider, *row.provider_user_id}; }

  std::map<Account, std::string> accounts{};
  std::set<Due> due{};
};

/// Events that are to be imported again, or written.
struct EventIndex {
  void change(const EventKey& key, const EventRow* before, const EventRow* after) {
    if (before && before->sync_status == "CREATED") created.erase(key);
    if (after && after->sync_status == "CREATED") created.insert(key);
  }
  std::set<EventKey> created{};
};

struct ChannelIndex {
  void change(const std::string& id, const ChannelRow* before, const ChannelRow* after) {
    if (before) of_connection.erase({before->connection_id, id});
    if (after) of_connection.insert({after->connection_id, id});
  }
  std::set<std::pair<std::string, std::string>> of_connection{};
};

/// Items that nobody has served yet, by connection and run.
struct JobItemIndex {
  void change(const JobItemKey& key, const JobItemRow* before, const JobItemRow* after) {
    if (before && !before->finished_at) open.erase({key.connection_id, key.run_id});
    if (after && !after->finished_at) open.insert({key.connection_id, key.run_id});
  }
  std::set<std::pair<std::string, std::string>> open{};
};

}  // namespace calsync::simulation
