// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <exception>
#include <map>
#include <memory>

#include "common/async/signal.hpp"
#include "common/providers/provider.hpp"
#include "common/store/push_channel_store.hpp"

namespace calsync::api {

enum class PushVerdict {
  woken,            ///< durable: a run that starts after now will read the provider
  ignored,          ///< the channel is stopped or unknown; nothing to do and nothing to tell
  forged,           ///< wrong secret, resource or provider
  not_allowlisted,  ///< authentic, but its owner or connection is not on the list
  disabled          ///< authentic, but a switch was turned off meanwhile
};

/// Group commit for push messages: while batches are on their way to the database the next one gathers, so that a storm
/// costs a statement a batch and touches each row once. Nothing is kept beyond the requests that wait. One executor.
class PushIntake {
 public:
  PushIntake(asio::any_io_executor executor, AsyncClock& clock, store::PushChannelStore& channels,
             const sync::GateSettings& gate)
      : executor_(std::move(executor)), clock_(clock), channels_(channels), gate_(gate) {}

  /// Throws db::DatabaseError when the database does not take the wake-up within a second.
  Task<PushVerdict> accept(std::string provider, providers::PushMessage message);

 private:
  struct Waiting {
    Waiting(const asio::any_io_executor& executor, std::string from, providers::PushMessage said, Deadline until)
        : provider(std::move(from)), message(std::move(said)), limit(until), signal(executor) {}
    std::string provider;
    providers::PushMessage message;
    Deadline limit;
    Signal signal;
    bool done = false;
    PushVerdict verdict = PushVerdict::ignored;
    std::exception_ptr failure{};
  };
  using Batch = std::vector<std::shared_ptr<Waiting>>;

  bool may_begin() const;
  Task<void> commit_next();
  Task<void> commit(const Batch& batch);
  PushVerdict judge(const Waiting& one, const std::map<std::string, store::PushChannel>& channels) const;

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  store::PushChannelStore& channels_;
  const sync::GateSettings& gate_;
  std::deque<std::shared_ptr<Waiting>> queue_;
  int batches_ = 0;  ///< on their way to the database
};

}  // namespace calsync::api
