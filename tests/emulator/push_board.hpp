// SPDX-License-Identifier: Apache-2.0
// From changes to messages: which channels hear of them, what waits to be sent, and what becomes of it.
#pragma once

#include <optional>

#include "channel.hpp"
#include "push_fault.hpp"
#include "push_log.hpp"
#include "resource_marks.hpp"
#include "settings.hpp"

namespace calsync::emulator {

class Provider;
class PushOwner;

// What the receiver of a message said; status 0: nothing.
struct PushAnswer {
  unsigned status = 0;
  std::string content_type, body, error;
};

struct PushMessage {
  ChannelPtr channel;                                           // null for a forged message of no channel
  PushOwner* owner = nullptr;                                   // who else than the board decides what becomes of it
  std::uint64_t ticket = 0;                                     // the owner's name for it
  std::string about;                                            // what the log calls its channel when there is none
  std::string content_type = "application/json; utf-8", agent;  // agent: the User-Agent; empty is Google's
  std::int64_t timeout_ms = 0;                                  // 0: as the setting says
  std::int64_t sent_ms = 0;                                     // steady time of the attempt
  std::string address, state, body;
  std::uint64_t number = 0;
  int attempt = 0;
  bool always = false;  // also when the channel is stopped, over or killed
  bool held = false;    // waits until a later message of its channel was sent
  HeaderLines forged;   // replace the genuine ones; an empty value removes
  std::uint64_t generation = 0;

  HeaderLines headers() const;
};

// Messages that are not about Google's channels.
class PushOwner {
 public:
  virtual ~PushOwner() = default;
  virtual std::string_view prepare(PushMessage& message) = 0;  // right before an attempt; why there is none, else empty
  virtual void answered(PushMessage message, const PushAnswer& answer) = 0;
};

class PushBoard {
 public:
  explicit PushBoard(const Settings& settings) : settings_(settings) {}

  ResourceMarks marks;  // what the call that runs has changed
  ChannelStore channels;
  PushFaultBoard faults;
  PushLog log;

  // Turns the marks into messages. Called after each change that counts as one.
  void announce(Provider& provider);
  void notify(const ChannelPtr& channel, std::string_view state);
  void stop(Channel& channel);
  PushMessage message_of(const ChannelPtr& channel, std::string_view state);
  void queue(PushMessage message, std::int64_t delay_ms);

  // For the sender: the next message whose time has come, and what the receiver said (0: nothing).
  std::optional<PushMessage> take();
  void finish(PushMessage message, unsigned status, std::string error) {
    finish(std::move(message), PushAnswer{status, {}, {}, std::move(error)});
  }
  void finish(PushMessage message, PushAnswer answer);
  // For owners: the row of an attempt in the log, and of a message that never gets one.
  void settle(const PushMessage& message, const PushAnswer& answer, std::string_view outcome);
  void drop(const std::string& about, const std::string& address, const std::string& state, std::string_view outcome);
  std::optional<std::int64_t> next_due_in_ms() const;  // none: nothing waits
  void on_queued(std::function<void()> listener) { listener_ = std::move(listener); }

  const Settings& settings() const { return settings_; }
  bool idle() const { return queue_.empty() && in_flight_ == 0; }
  std::string stats() const;
  void clear();

 private:
  void announce_list(Provider& provider, std::string_view email);
  void distort(const PushFault& fault, PushMessage message, std::int64_t delay_ms);
  void record(const PushMessage& message, unsigned status, std::string_view outcome, std::string error = {});
  void release_held(const PushMessage& sent);

  const Settings& settings_;
  std::map<std::pair<std::int64_t, std::uint64_t>, PushMessage> queue_;  // by due time, then in order of arrival
  std::uint64_t arrivals_ = 0, generation_ = 1;
  std::size_t held_ = 0;
  std::int64_t in_flight_ = 0, most_in_flight_ = 0;
  std::function<void()> listener_;
};

}  // namespace calsync::emulator
