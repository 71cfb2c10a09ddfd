// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/provider.hpp"

namespace calsync::google {

/// Messages of `events.watch` channels: everything is in the X-Goog-* headers (Calendar API, push notifications guide).
class GooglePushDecoder final : public providers::PushDecoder {
 public:
  Result<providers::PushMessage> decode(const providers::HeaderLookup& header) const override;
};

}  // namespace calsync::google
