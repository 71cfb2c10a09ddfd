// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "common/base/crypto.hpp"
#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

struct OAuthFlow {
  OwnerId owner{};
  Secret verifier{};
  std::string return_to{};
  std::string requested_by{};  ///< the app token that asked for the link
};

/// What stands in the way of a flow.
enum class FlowState { unknown, used, expired, other_browser, open };

/// What the PKCE verifier of a connect attempt is sealed for.
SealContext verifier_context(const std::string& state_hash, const std::string& owner, const std::string& provider);

/// Connect attempts in flight. State and browser binding are stored as SHA-256, the PKCE verifier sealed.
class OAuthFlowStore {
 public:
  OAuthFlowStore(db::Pool& pool, const KeyRing& keys, Random& random) : pool_(pool), keys_(keys), random_(random) {}

  /// Returns when the link ends.
  Task<Time> add(sync::Admission admission, std::string state, std::string provider, OwnerId owner, Secret verifier,
                 std::string return_to, int life_seconds, std::string requested_by);
  /// Whose flow it is, for the gate, and whether `browser` may go on with it ("" = a browser without our cookie).
  Task<std::pair<FlowState, OwnerId>> look(std::string state, std::string provider, std::string browser);
  /// Ties the flow to `browser`, unless another one was first. Returns the verifier.
  Task<std::optional<OAuthFlow>> bind(sync::Admission admission, std::string state, std::string provider,
                                      std::string browser);
  /// Spends the flow: once, in time, and only for the browser that it is bound to.
  Task<std::optional<OAuthFlow>> use(sync::Admission admission, std::string state, std::string provider,
                                     std::string browser);

 private:
  OAuthFlow read(const db::Rows& rows, const std::string& state_hash, const std::string& provider) const;
  db::Pool& pool_;
  const KeyRing& keys_;
  Random& random_;
};

}  // namespace calsync::store
