// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/base/log.hpp"
#include "common/providers/provider.hpp"
#include "common/store/credential_store.hpp"

namespace calsync::worker {

/// Access tokens under the lease: a rotated refresh token is stored before the new access token is used, for as long as
/// that takes. Before each request and after each refusal the stored grant is read again, since a person may have
/// connected anew: a token that is there already is taken, and a refusal is believed only of the grant that is stored.
class TokenKeeper {
 public:
  /// Whether the run may go on.
  using Wanted = std::function<Result<void>()>;

  TokenKeeper(AsyncClock& clock, store::CredentialStore& credentials) : clock_(clock), credentials_(credentials) {}

  struct Renewed {
    Secret token{};
    bool adopted = false;  ///< it was stored already; the provider was not asked
  };
  /// What the adapter's calls need: a fresh access token, or the credential that the connection was made with.
  /// `wanted` is asked right before the provider is.
  Task<Result<Renewed>> credential(sync::Claim claim, const providers::Adapter& adapter, Deadline deadline,
                                   Wanted wanted);
  /// An access token other than `refused`, whatever that one's expiry says.
  Task<Result<Renewed>> renew(sync::Claim claim, const providers::Adapter& adapter, Secret refused, Deadline deadline,
                              Wanted wanted);

 private:
  bool lasts(const std::optional<Time>& expiry) const;
  std::optional<Secret> adoptable(const store::CredentialStore::Reloaded& stored, const Secret& refused) const;
  Task<bool> store(sync::Claim claim, net::TokenGrant grant);
  Task<Result<Renewed>> keep(sync::Claim claim, const providers::Adapter& adapter, net::TokenGrant grant);

  AsyncClock& clock_;
  store::CredentialStore& credentials_;
};

}  // namespace calsync::worker
