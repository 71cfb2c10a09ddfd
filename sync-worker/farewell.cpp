// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/farewell.hpp"

#include <map>

#include "common/store/credential_store.hpp"
#include "common/store/revocation_context.hpp"

namespace calsync::worker {
namespace {

/// A grant that cannot be revoked for this many tries (about a day) is given up: it dies by itself when unused.
constexpr std::int64_t last_attempt = 30;
constexpr std::chrono::seconds call_time{15};

/// The grant is dead, so nobody can stop the channels; they end by themselves, and what they say is ignored.
bool hopeless(const Error& error) {
  return error.failure == Failure::grant_dead || error.failure == Failure::token_rejected ||
         error.failure == Failure::scope_missing;
}

/// The next account would hear the same.
bool spares_the_rest(const Error& error) {
  return error.retry_after || error.failure == Failure::postponed || error.failure == Failure::throttled ||
         error.failure == Failure::unavailable || error.failure == Failure::network ||
         error.failure == Failure::timeout;
}

}  // namespace

Task<void> Farewell::round(std::function<bool()> may_continue) {
  co_await stop_channels(may_continue);
  co_await revoke_pending(may_continue);
}

/// What the governor does not let through stays due: no attempt is counted.
Task<bool> Farewell::may_call(std::string provider) {
  const providers::Adapter* adapter = registry_.find(provider);
  if (!adapter) co_return true;
  const Result<void> given = co_await governor_.before_call(*adapter);
  co_return given.has_value();
}

void Farewell::heard(const std::string& provider, const std::string& owner, const Result<void>& ended) {
  const providers::Adapter* adapter = registry_.find(provider);
  if (!adapter) return;
  if (ended) return governor_.after_call(*adapter, owner, nullptr);
  const Error error = ended.error();
  governor_.after_call(*adapter, owner, &error);
}

Task<void> Farewell::stop_channels(std::function<bool()> may_continue) {
  std::map<ConnectionId, Channels> by_connection;
  for (store::AbandonedChannel& one : co_await channels_.abandoned())
    by_connection[one.connection].push_back(std::move(one));
  std::set<std::string> away;
  for (auto& [connection, channels] : by_connection) {
    const std::string provider = channels.front().provider;
    const std::string owner = channels.front().owner.str();
    if (away.contains(provider)) continue;
    if (!may_continue()) co_return;
    if (!co_await may_call(provider)) {
      away.insert(provider);
      continue;
    }
    const Result<void> stopped = co_await stop_channels_of_one(std::move(channels), may_continue);
    heard(provider, owner, stopped);
    if (!stopped && spares_the_rest(stopped.error())) away.insert(provider);
  }
}

Task<Result<Secret>> Farewell::access_token(const store::AbandonedChannel& channel, const providers::Adapter& adapter) {
  const auto refresh_token = keys_.open(
      channel.sealed, store::credential_context(channel.connection, channel.owner, channel.provider,
                                                store::credential_kind_name(store::CredentialKind::refresh_token)));
  if (!refresh_token) co_return refresh_token.error();
  auto grant = co_await adapter.authorizer->refresh(*refresh_token, Deadline(clock_, call_time));
  if (!grant) co_return grant.error();
  co_return std::move(grant->access_token);
}

Task<Result<void>> Farewell::stop_channels_of_one(Channels channels, std::function<bool()> may_continue) {
  const store::AbandonedChannel& first = channels.front();
  const LogFields fields{.connection_id = first.connection.str(), .provider = first.provider};
  const providers::Adapter* adapter = registry_.find(first.provider);
  const Error switched_off = fail(Failure::cancelled, "the worker stops, or calendar sync was switched off");
  Result<Secret> token = fail(Failure::misconfigured, "the provider is not configured");
  if (!may_continue()) {
    token = switched_off;
  } else if (adapter && adapter->authorizer && adapter->push_channels) {
    token = co_await access_token(first, *adapter);
  }
  std::vector<std::string> done;
  std::vector<std::string> left;
  std::optional<Error> problem;
  if (!token) problem = token.error();
  for (const store::AbandonedChannel& channel : channels) {
    if (!problem) {
      if (const auto given = co_await governor_.before_call(*adapter); !given) problem = given.error();
    }
    // The switch may have gone off while this waited for its turn.
    if (!problem && !may_continue()) problem = switched_off;
    if (!problem) {
      providers::Session session{*token, {}, Deadline(clock_, call_time)};
      const auto stopped = co_await adapter->push_channels->stop(std::move(session), channel.id, channel.resource_id);
      if (!stopped) problem = stopped.error();
    }
    (problem && !hopeless(*problem) ? left : done).push_back(channel.id);
  }
  LogFields said = fields;
  said.metadata = {{"stopped", std::to_string(problem ? 0 : done.size())}, {"left", std::to_string(left.size())}};
  if (problem) {
    said.error_code = error_code(problem->failure);
    said.metadata.emplace_back("reason", problem->message);
    log_.warn("push channels of a deleted connection could not be stopped", said);
  } else {
    log_.info("the push channels of a deleted connection were stopped", said);
  }
  if (!left.empty()) co_await channels_.abandoned_failed(left, describe(*problem), problem->retry_after);
  co_await channels_.abandoned_done(done);
  co_return problem ? Result<void>(*problem) : Result<void>();
}

Task<Result<void>> Farewell::revoke(const store::PendingRevocation& pending) {
  const providers::Adapter* adapter = registry_.find(pending.provider);
  if (!adapter || !adapter->authorizer) co_return fail(Failure::misconfigured, "the provider is not configured");
  const auto token = keys_.open(pending.sealed, store::revocation_context(pending.id, pending.owner, pending.provider));
  if (!token) co_return token.error();
  co_return co_await adapter->authorizer->revoke(*token, Deadline(clock_, call_time));
}

Task<void> Farewell::revoke_pending(std::function<bool()> may_continue) {
  std::set<std::string> away;
  for (const store::PendingRevocation& pending : co_await revocations_.due()) {
    if (away.contains(pending.provider)) continue;
    if (!may_continue()) co_return;
    if (!co_await may_call(pending.provider)) {
      away.insert(pending.provider);
      continue;
    }
    if (!may_continue()) co_return;
    const Result<void> revoked = co_await revoke(pending);
    heard(pending.provider, pending.owner, revoked);
    if (revoked || pending.attempts >= last_attempt) {
      co_await revocations_.done(pending.id);
      if (revoked) log_.info("a disconnected account's grant was revoked", {.provider = pending.provider});
      if (!revoked)
        log_.error("a disconnected account's grant could not be revoked and is given up",
                   {.provider = pending.provider, .metadata = {{"reason", describe(revoked.error())}}});
      continue;
    }
    const Error& problem = revoked.error();
    if (spares_the_rest(problem)) away.insert(pending.provider);
    co_await revocations_.failed(pending.id, describe(problem), problem.retry_after);
  }
}

}  // namespace calsync::worker
