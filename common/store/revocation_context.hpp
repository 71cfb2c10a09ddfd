// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/crypto.hpp"

namespace calsync::store {

/// What the token of a queued revocation (calendar_revocations) is sealed for.
inline SealContext revocation_context(const std::string& id, const std::string& owner, const std::string& provider) {
  return {"calendar_revocations", "sealed", id, owner, provider, "refresh_token"};
}

}  // namespace calsync::store
