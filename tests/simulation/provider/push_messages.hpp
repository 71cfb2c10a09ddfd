// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

/// A message whose time has come.
struct DuePush {
  std::string address{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  emulator::PushMessage message{};
};

/// What a receiver answered; status 0 = nothing.
struct PushReply {
  int status = 0;
  std::string content_type{};
  std::string body{};
};

/// The emulator's push messages, to be delivered by whoever holds this.
class PushMessages {
 public:
  explicit PushMessages(EmulatedWorld& world) : world_(world) {}

  /// The next message that is due at the world's present time; nothing = none.
  std::optional<DuePush> next_push();
  /// When the next one will be due; nothing = none waits. Changes and deliveries add to it.
  std::optional<Time> next_push_due() const;
  /// What the receiver answered decides whether it comes again. Each message that was taken is finished once.
  void finished(DuePush push, PushReply reply);

 private:
  EmulatedWorld& world_;
};

}  // namespace calsync::simulation
