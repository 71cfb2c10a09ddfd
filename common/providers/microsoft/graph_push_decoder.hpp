// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/provider.hpp"

namespace calsync::microsoft {

/// clientState of a subscription: our channel's id and its secret, so that a notification finds its channel whichever
/// address it comes to. At most 128 characters are allowed.
Secret client_state(const std::string& channel_id, const Secret& secret);

/// Change and lifecycle notifications of Graph subscriptions, which may come mixed, of many accounts and tenants in one
/// request, and the handshake by which Graph asks an address whether it wants them: a `validationToken` in the query,
/// while the request that creates the subscription is still open.
class GraphPushDecoder final : public providers::PushDecoder {
 public:
  Result<std::variant<providers::PushMessage, providers::PushHandshake>> decode(
      const providers::PushRequest& request) const override;
};

}  // namespace calsync::microsoft
