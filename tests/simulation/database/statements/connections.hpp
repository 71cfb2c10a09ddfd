// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/connection_store.hpp"
#include "tests/simulation/database/transaction.hpp"

/// sql/queries/connections.sql, as far as it writes; one function per statement, of its name.
namespace calsync::simulation::statements {

/// `id`: of a new row.
store::Connected connection_upsert(Transaction& transaction, const store::NewConnection& one, const std::string& id);
void connection_set_enabled(Transaction& transaction, const std::string& id, bool enabled);
void connection_set_frequency(Transaction& transaction, const std::string& id, int minutes);
bool connection_confirm(Transaction& transaction, const std::string& id, const std::string& owner);
std::vector<std::string> calendars_unknown(Transaction& transaction, const std::string& id,
                                           const std::vector<std::string>& calendars);
void connection_select_calendars(Transaction& transaction, const std::string& id,
                                 const std::vector<std::string>& calendars);
std::vector<store::Wake> connection_wake(Transaction& transaction, const std::string& id, store::Priority priority);
std::vector<store::Wake> owner_wake(Transaction& transaction, const std::string& owner, store::Priority priority,
                                    const std::optional<std::vector<std::string>>& listed);
std::vector<store::Served> wakes_served(Transaction& transaction, const std::vector<store::Wake>& wakes);
store::Holdings connection_holdings(Transaction& transaction, const std::string& id);
std::int64_t account_links(Transaction& transaction, const std::string& provider, const Text& account,
                           const std::string& except);
void connection_delete(Transaction& transaction, const std::string& id);

struct QueuedGrant {
  std::string id{};
  std::string provider{};
  std::string owner{};
  std::string sealed{};
};
void revocation_add(Transaction& transaction, const QueuedGrant& grant, const std::string& connection);

}  // namespace calsync::simulation::statements
