// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/log.hpp"
#include "common/providers/provider.hpp"
#include "common/store/credential_store.hpp"

namespace calsync::worker {

/// Access tokens under the lease: a rotated refresh token is stored before the new access token is used, and a refusal
/// is believed only after the stored grant has been read again, since a person may have connected anew.
class TokenKeeper {
 public:
  TokenKeeper(AsyncClock& clock, store::CredentialStore& credentials) : clock_(clock), credentials_(credentials) {}

  /// What the adapter's calls need: a fresh access token, or the credential that the connection was made with.
  Task<Result<Secret>> credential(sync::Claim claim, const providers::Adapter& adapter, Deadline deadline);
  /// A new access token, whatever the stored one's expiry says.
  Task<Result<Secret>> refresh(sync::Claim claim, const providers::Adapter& adapter, Deadline deadline);

 private:
  Task<Result<net::TokenGrant>> ask_provider(sync::Claim claim, const providers::Adapter& adapter, Secret refresh_token,
                                             Deadline deadline);

  AsyncClock& clock_;
  store::CredentialStore& credentials_;
};

}  // namespace calsync::worker
