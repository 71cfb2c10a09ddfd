// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/push_messages.hpp"

namespace calsync::simulation {

std::optional<DuePush> PushMessages::next_push() {
  std::optional<emulator::PushMessage> message = world_.provider.push.take();
  if (!message) return std::nullopt;
  DuePush push{message->address, message->headers(), message->body, {}};
  push.message = *std::move(message);
  return push;
}

std::optional<Time> PushMessages::next_push_due() const {
  const auto wait = world_.provider.push.next_due_in_ms();
  if (!wait) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(world_.now()) + std::chrono::milliseconds(*wait);
}

void PushMessages::finished(DuePush push, PushReply reply) {
  world_.provider.push.finish(std::move(push.message),
                              emulator::PushAnswer{static_cast<unsigned>(reply.status), std::move(reply.content_type),
                                                   std::move(reply.body), reply.status == 0 ? "no answer" : ""});
}

}  // namespace calsync::simulation
