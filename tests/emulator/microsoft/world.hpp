// SPDX-License-Identifier: Apache-2.0
// Everything that the Microsoft half knows.
#pragma once

#include "entra_tokens.hpp"
#include "notification_desk.hpp"
#include "subscription.hpp"

namespace calsync::emulator::microsoft {

// The tenant of all personal accounts.
inline constexpr std::string_view consumers_tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

// What the service would have mailed; tests look that mirrors mail nothing.
struct Mail {
  std::int64_t time_ms = 0;
  std::string from, kind, subject;
  std::int64_t recipients = 0;
};

class World {
 public:
  World(const Settings& settings, PushBoard& push) : desk(settings, push, subscriptions) {}

  EntraTokens tokens;
  SubscriptionStore subscriptions;
  NotificationDesk desk;
  std::vector<Mark> marks;  // what the call that runs has changed
  std::vector<Mail> mails;

  Mailbox* find(std::string_view name);  // by address, object id or directory id
  // Null when the address is taken. The mailbox has its default calendar.
  Mailbox* add(const std::string& email, const std::string& name, std::string_view tenant, bool personal);
  bool remove(std::string_view email);
  const std::map<std::string, std::unique_ptr<Mailbox>, std::less<>>& users() const { return users_; }

  // Turns the marks into notifications; called after each call.
  void announce();
  void clear();

 private:
  std::map<std::string, std::unique_ptr<Mailbox>, std::less<>> users_;  // sorted: the same order in every run
};

}  // namespace calsync::emulator::microsoft
