// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/token_keeper.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace calsync::worker {
namespace {

/// A token that ends during the run is as good as ended.
constexpr std::chrono::seconds early{120};
constexpr std::chrono::seconds default_life{3600};

Secret pick(const store::Credentials& credentials, std::string_view kind) {
  const auto found = credentials.find(kind);
  return found == credentials.end() ? Secret() : found->second;
}

Error no_refresh_token() {
  return fail(Failure::grant_dead,
              "token expired or revoked, and no refresh token is stored; the account has to be connected again");
}

}  // namespace

Task<Result<Secret>> TokenKeeper::credential(sync::Claim claim, const providers::Adapter& adapter, Deadline deadline) {
  const Result<store::Credentials> opened = credentials_.open(claim);
  if (!opened) co_return opened.error();
  if (!adapter.authorizer) {
    const Secret feed = pick(*opened, "feed_url");
    co_return feed.empty() ? pick(*opened, "password") : feed;
  }
  const Secret access_token = pick(*opened, "access_token");
  if (!access_token.empty() && claim.token_expiry && *claim.token_expiry > clock_.now() + early) co_return access_token;
  co_return co_await refresh(std::move(claim), adapter, deadline);
}

Task<Result<net::TokenGrant>> TokenKeeper::ask_provider(sync::Claim claim, const providers::Adapter& adapter,
                                                        Secret refresh_token, Deadline deadline) {
  Result<net::TokenGrant> grant = co_await adapter.authorizer->refresh(refresh_token, deadline);
  if (grant || grant.error().failure != Failure::grant_dead) co_return grant;
  const Result<store::Credentials> now_stored = co_await credentials_.reload(std::move(claim));
  if (!now_stored) co_return now_stored.error();
  const Secret replaced = pick(*now_stored, "refresh_token");
  if (replaced.empty() || replaced == refresh_token) co_return grant;
  co_return co_await adapter.authorizer->refresh(replaced, deadline);
}

Task<Result<Secret>> TokenKeeper::refresh(sync::Claim claim, const providers::Adapter& adapter, Deadline deadline) {
  if (!adapter.authorizer) {
    co_return fail(Failure::rejected, "the provider refused the stored credential");
  }
  const Result<store::Credentials> opened = credentials_.open(claim);
  if (!opened) co_return opened.error();
  Secret refresh_token = pick(*opened, "refresh_token");
  if (refresh_token.empty()) co_return no_refresh_token();
  Result<net::TokenGrant> grant = co_await ask_provider(claim, adapter, std::move(refresh_token), deadline);
  if (!grant) co_return grant.error();
  const Time expiry = clock_.now() + grant->expires_in.value_or(default_life);
  const bool stored =
      co_await credentials_.store_tokens(std::move(claim), grant->access_token, grant->refresh_token, expiry);
  if (!stored) co_return fail(Failure::lease_lost, "another worker took over while the token was refreshed");
  const auto missing =
      grant->scopes.empty() ? std::set<std::string>() : adapter.authorizer->missing_scopes(grant->scopes);
  if (!missing.empty()) {
    co_return fail(
        Failure::scope_missing,
        fmt::format("the grant no longer covers {}; the account has to be connected again", fmt::join(missing, ", ")));
  }
  co_return grant->access_token;
}

}  // namespace calsync::worker
