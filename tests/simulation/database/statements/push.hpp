// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/push_channel_store.hpp"
#include "tests/simulation/database/transaction.hpp"

/// sql/queries/push.sql, one function per statement, of its name.
namespace calsync::simulation::statements {

using Ids = std::optional<std::vector<std::string>>;  ///< nothing = all

std::map<std::string, store::PushChannel> push_channels(Transaction& transaction, const std::vector<std::string>& ids);
void push_wake(Transaction& transaction, const std::vector<ConnectionId>& connections,
               const store::SpokenChannels& channels, Duration gap);
bool push_channel_open(Transaction& transaction, const sync::Claim& claim, const store::NewChannel& channel);
bool push_channel_opened(Transaction& transaction, const sync::Claim& claim, const std::string& id,
                         const std::string& resource_id, Moment expires_at, double renewal,
                         const std::vector<std::string>& replaces);
void push_channel_refused(Transaction& transaction, const std::string& connection, const std::string& calendar,
                          const std::string& reason, std::optional<std::chrono::seconds> pause, double unit);
void push_channels_stopping(Transaction& transaction, const std::vector<std::string>& ids);
void push_channel_stop_failed(Transaction& transaction, const std::string& id, const std::string& reason, double unit);
void push_channels_forget(Transaction& transaction, const std::vector<std::string>& ids);
void push_channels_missed(Transaction& transaction, const sync::Claim& claim,
                          const std::vector<std::string>& calendars);
int push_tend(Transaction& transaction, bool pushes, std::chrono::seconds patience, const Ids& owners,
              const Ids& connections);

std::vector<store::AbandonedChannel> abandoned_channels_due(Transaction& transaction);
void abandoned_channels_failed(Transaction& transaction, const std::vector<std::string>& ids, const std::string& reason,
                               std::optional<std::chrono::seconds> pause);
void abandoned_channels_done(Transaction& transaction, const std::vector<std::string>& ids);

}  // namespace calsync::simulation::statements
