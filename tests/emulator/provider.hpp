// SPDX-License-Identifier: Apache-2.0
// Everything the emulated provider knows.
#pragma once

#include "account.hpp"
#include "call_log.hpp"
#include "fault.hpp"
#include "feed.hpp"
#include "push_board.hpp"
#include "settings.hpp"
#include "tests/emulator/microsoft/world.hpp"
#include "token_store.hpp"

namespace calsync::emulator {

class Provider {
 public:
  explicit Provider(Client registered) : client(std::move(registered)) {}

  const Client client;
  Settings settings;
  TokenStore tokens;
  FaultBoard faults;
  CallLog calls;
  FeedStore feeds;
  PushBoard push{settings};
  microsoft::World microsoft{settings, push};

  Account* find_account(std::string_view email);  // an e-mail address or a `sub`
  // Null when the address is taken. The account has no calendar yet.
  Account* add_account(const std::string& email, const std::string& name);
  bool remove_account(std::string_view email);
  const std::map<std::string, std::unique_ptr<Account>, std::less<>>& accounts() const { return accounts_; }
  std::vector<Account*> accounts_by_email() const;

  Calendar* find_calendar(std::string_view id);
  Calendar& add_calendar(const std::string& id, const std::string& summary, const Zone* zone, const std::string& owner);
  void remove_calendar(Calendar& calendar);
  Calendar& add_primary(Account& account, const Zone* zone);

  void reset();

 private:
  void unlist(std::string_view calendar_id);

  // Sorted, so that what happens to all of them happens in the same order in every run.
  std::map<std::string, std::unique_ptr<Account>, std::less<>> accounts_;
  StringMap<Account*> by_sub_;
  std::map<std::string, std::unique_ptr<Calendar>, std::less<>> calendars_;
};

}  // namespace calsync::emulator
