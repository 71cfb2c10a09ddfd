// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>

#include "common/base/crypto.hpp"
#include "common/base/log.hpp"
#include "common/providers/registry.hpp"
#include "common/store/push_channel_store.hpp"
#include "common/store/revocation_store.hpp"
#include "sync-worker/governor.hpp"

namespace calsync::worker {

/// What is left to do at the providers after a connection is gone: its push channels are stopped, then its grant is
/// revoked. Any worker may do it; each piece is taken for a minute.
class Farewell {
 public:
  Farewell(AsyncClock& clock, const Log& log, const providers::Registry& registry, const KeyRing& keys,
           Governor& governor, store::PushChannelStore& channels, store::RevocationStore& revocations)
      : clock_(clock),
        log_(log),
        registry_(registry),
        keys_(keys),
        governor_(governor),
        channels_(channels),
        revocations_(revocations) {}

  /// A portion of what is due. Asks before each account whether to go on, and leaves a provider alone that is away or
  /// wants a pause. Throws db::DatabaseError.
  Task<void> round(std::function<bool()> may_continue);

 private:
  using Channels = std::vector<store::AbandonedChannel>;
  Task<bool> may_call(std::string provider);
  void heard(const std::string& provider, const std::string& owner, const Result<void>& ended);
  Task<void> stop_channels(std::function<bool()> may_continue);
  Task<Result<void>> stop_channels_of_one(Channels channels, std::function<bool()> may_continue);
  Task<Result<Secret>> access_token(const store::AbandonedChannel& channel, const providers::Adapter& adapter);
  Task<void> revoke_pending(std::function<bool()> may_continue);
  Task<Result<void>> revoke(const store::PendingRevocation& pending);

  AsyncClock& clock_;
  const Log& log_;
  const providers::Registry& registry_;
  const KeyRing& keys_;
  Governor& governor_;
  store::PushChannelStore& channels_;
  store::RevocationStore& revocations_;
};

}  // namespace calsync::worker
