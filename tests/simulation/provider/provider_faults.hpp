// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/provider/dice.hpp"
#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

class FaultContext;

struct ProviderFault {
  std::string_view name, family;  ///< network, http, meaning, push
  void (*arm)(FaultContext&) = nullptr;
  /// What a correct client may do about it is to wait for a person: to connect again, or to press retry.
  bool needs_person = false;
};

/// Every kind, in a fixed order. Each is transient, or is put right by heal(), or is a change of what is true.
std::span<const ProviderFault> provider_faults();
const ProviderFault& provider_fault(std::string_view name);
/// Those of Entra and Graph, for worlds with a mailbox.
std::span<const ProviderFault> graph_faults();

/// The faults of one world: what was ordered where, how often each kind has fired, and how to end them.
class FaultContext {
 public:
  /// `feeds` are names as in /feeds/NAME.ics. Faults concern these accounts and feeds.
  FaultContext(EmulatedWorld& world, Random& random, std::vector<Grant> accounts, std::vector<std::string> feeds = {});

  /// The fault hits the next calls or messages that it fits: a few of them, within `life` of the world's time.
  void arm(const ProviderFault& fault);
  /// Ends all of them, whoever ordered them, and puts calendars and settings back as they were.
  void heal();
  /// How often each kind has had an effect, not merely been armed.
  std::map<std::string, int> fired() const;
  void add_mailboxes(std::vector<Grant> grants) { mailboxes_ = std::move(grants); }
  void set_life(Duration life) { life_ = life; }

  // For the catalogue.
  EmulatedWorld& world;
  Dice dice;
  const std::vector<Grant>& accounts() const { return accounts_; }
  const std::vector<std::string>& feeds() const { return feeds_; }
  const std::vector<Grant>& mailboxes() const { return mailboxes_; }
  struct Spot {
    std::string email{}, calendar_id{};
  };
  /// A calendar on some account's list; `secondary` = none of the primary ones. Empty when there is none.
  Spot spot(bool secondary = false);
  void network(Trouble trouble);
  /// Of feeds alone: providers of the operator's own choice may be anywhere.
  void feed_network(Trouble trouble);
  /// A fault kind of the emulator's, with further members of the order, on some calls of the Calendar API.
  void api(std::string_view kind, std::string_view members = {});
  /// The same on calls of one operation; `match` are further members of the match.
  void on(std::string_view operation, std::string_view kind, std::string_view members = {},
          std::string_view match = {});
  /// On reads of the events of some calendar.
  void list(std::string_view kind, std::string_view members = {}, std::string_view match = {});
  void feed(std::string_view kind, std::string_view members = {});
  void push(std::string_view kind, std::string_view members = {});
  /// A setting of the emulator's until heal(), which sets `before`. It has fired when `operation` was called.
  void set(std::string_view name, std::string_view value, std::string_view before, std::string_view operation);
  void note(int times = 1) { past_[current_] += times; }
  void note(const std::string& name) { ++past_[name]; }
  void on_heal(std::function<void()> undo) { undo_.push_back(std::move(undo)); }
  int few() { return static_cast<int>(dice.between(1, 3)); }

 private:
  enum class Board { calls, messages };
  struct Order {
    std::string name;
    Board board;
    std::uint64_t id;
  };
  void order(std::string_view target, Board board, std::string body);
  std::uint64_t fired_of(const Order& order) const;

  std::vector<Grant> accounts_;
  std::vector<std::string> feeds_;
  std::vector<Grant> mailboxes_;
  Duration life_ = std::chrono::minutes(15);
  std::string current_;
  std::vector<Order> orders_;
  struct Setting {
    std::string name, operation;
    std::uint64_t since = 0;  ///< number of a call
  };
  std::vector<Setting> settings_;
  std::vector<std::pair<std::string, const NetworkFault*>> troubles_;
  std::vector<std::function<void()>> undo_;
  std::map<std::string, int> past_;
};

}  // namespace calsync::simulation
