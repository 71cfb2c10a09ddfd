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

  /// A verdict for each item, in their order: each is judged alone. Throws db::DatabaseError when the database does not
  /// take the wake-up within a second.
  Task<std::vector<PushVerdict>> accept(std::string provider, std::vector<providers::PushItem> items);

 private:
  struct Waiting {
    Waiting(const asio::any_io_executor& executor, std::string from, std::vector<providers::PushItem> said,
            Deadline until)
        : provider(std::move(from)),
          items(std::move(said)),
          limit(until),
          signal(executor),
          verdicts(items.size(), PushVerdict::ignored) {}
    std::string provider;
    std::vector<providers::PushItem> items;
    Deadline limit;
    Signal signal;
    bool done = false;
    std::vector<PushVerdict> verdicts;
    std::exception_ptr failure{};
  };
  using Batch = std::vector<std::shared_ptr<Waiting>>;
  using Channels = std::map<std::string, store::PushChannel>;

  bool may_begin() const;
  Task<void> commit_next();
  Task<void> commit(const Batch& batch);
  /// With the admission of what is to wake.
  PushVerdict judge(const std::string& provider, const providers::PushItem& item, const Channels& channels,
                    std::vector<sync::Admission>& admissions) const;

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  store::PushChannelStore& channels_;
  const sync::GateSettings& gate_;
  std::deque<std::shared_ptr<Waiting>> queue_;
  int batches_ = 0;  ///< on their way to the database
};

}  // namespace calsync::api
