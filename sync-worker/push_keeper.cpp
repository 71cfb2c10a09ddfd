// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/push_keeper.hpp"

#include <algorithm>
#include <map>

#include "common/base/crypto.hpp"

namespace calsync::worker {
namespace {

/// Renewals of channels that were opened together drift apart.
constexpr double earliest_renewal = 0.45;
constexpr double renewal_spread = 0.1;
/// What cannot be watched today is not asked about again soon.
constexpr std::chrono::seconds unwatchable_pause = std::chrono::hours(30 * 24);
constexpr std::chrono::seconds operator_pause = std::chrono::hours(1);
/// Longer than the run's own backoff, which is up to a tenth and a minute more than what was asked for.
constexpr std::chrono::seconds after_a_pause = std::chrono::minutes(5);
constexpr std::chrono::seconds longest_pause = std::chrono::hours(7 * 24);

/// The provider's answer did not come: the channel may exist.
bool outcome_unknown(Failure failure) {
  return failure == Failure::network || failure == Failure::timeout || failure == Failure::unavailable ||
         failure == Failure::malformed || failure == Failure::cancelled;
}

/// The call was not made: the provider has not spoken.
bool says_nothing(Failure failure) {
  return failure == Failure::cancelled || failure == Failure::lease_lost || failure == Failure::postponed;
}

/// Failures that are the whole run's, not this call's. A refused token is not among them: the events were read with it
/// a moment ago, so the refusal speaks of the call, and must not make anybody connect again.
bool ends_the_run(const Error& error) {
  switch (error.failure) {
    case Failure::grant_dead:
    case Failure::lease_lost:
    case Failure::cancelled:
    case Failure::postponed:
    case Failure::throttled:
      return true;
    default:
      // Whoever asks for a pause gets it, for every kind of call.
      return error.retry_after.has_value();
  }
}

}  // namespace

LogFields PushKeeper::fields(const ActiveRun& run) const {
  return {.provider_id = run.claim().owner.str(),
          .connection_id = run.claim().connection.str(),
          .provider = run.claim().provider};
}

std::string PushKeeper::address(const ActiveRun& run) const { return options_.webhook_root + run.adapter().name; }

bool PushKeeper::pushes_are_taken(const ActiveRun& run) const {
  const sync::Claim& claim = run.claim();
  return run.adapter().push_decoder && open_channels() &&
         sync::ask(services_.gate, sync::Operation::receive_push, &claim.owner, &claim.connection);
}

PushKeeper::Watch PushKeeper::watch(const ActiveRun& run, const std::vector<std::string>& wanted) const {
  Watch watch;
  if (!pushes_are_taken(run)) return watch;
  for (const std::string& id : wanted) {
    const auto& rows = run.claim().calendars;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.id == id; });
    if (row == rows.end()) {
      watch.later = true;
    } else {
      watch.calendars.push_back({id, row->may_watch});
    }
  }
  return watch;
}

Task<void> PushKeeper::note_missed(const ActiveRun& run, const std::set<std::string>& changed) {
  const sync::Claim& claim = run.claim();
  // A message would have asked for this run.
  if (claim.asked_for || !claim.last_synced_at || changed.empty() || claim.channels.empty()) co_return;
  co_await services_.channels.missed(claim, {changed.begin(), changed.end()});
}

Task<Result<PushKeeper::Kept>> PushKeeper::keep(ActiveRun& run, std::vector<std::string> wanted,
                                                std::set<std::string> changed) {
  Kept kept;
  if (!run.adapter().push_channels) co_return kept;
  co_await note_missed(run, changed);
  const Watch watched = watch(run, wanted);
  sync::ChannelPlan todo = sync::plan_channels(watched.calendars, run.claim().channels, address(run));
  kept.again = watched.later;
  // A channel of an interrupted opening has no resource id of its own; where all channels of one calendar share it,
  // that of another does.
  const bool shared = !run.adapter().push_channels->finds_channels();
  std::map<std::string, std::string> resources;
  for (const sync::Channel& one : run.claim().channels) {
    if (!one.resource_id.empty()) resources[one.calendar_id] = one.resource_id;
  }
  if (!todo.forget.empty()) co_await services_.channels.forget(std::move(todo.forget));
  for (std::size_t at = 0; at < todo.open.size(); ++at) {
    const sync::ChannelPlan::Opening opening = todo.open[at];
    const auto opened = co_await open(run, opening);
    if (!opened) {
      co_await put_off(run, {todo.open.begin() + static_cast<std::ptrdiff_t>(at), todo.open.end()}, opened.error());
      co_return opened.error();
    }
    if (!*opened) continue;
    resources[opening.calendar_id] = (*opened)->resource_id;
    // A renewal leaves no gap: the old channel spoke until the new one did.
    if (opening.reason != sync::OpenReason::renewal || (*opened)->gap) kept.again = true;
    if (opening.reason == sync::OpenReason::silence) ++kept.silent;
    todo.stop.insert(todo.stop.end(), opening.replaces.begin(), opening.replaces.end());
  }
  for (const sync::Channel& channel : todo.stop) {
    const std::string& own = channel.resource_id;
    const std::string known = own.empty() && shared ? resources[channel.calendar_id] : own;
    if (auto stopped = co_await stop(run, channel.id, known); !stopped) co_return stopped.error();
  }
  co_return kept;
}

/// The run fails once for a pause that the provider asked for; the next one succeeds without asking for channels.
Task<void> PushKeeper::put_off(const ActiveRun& run, std::vector<sync::ChannelPlan::Opening> openings, Error error) {
  if (says_nothing(error.failure)) co_return;
  const std::chrono::seconds asked = error.retry_after.value_or(std::chrono::seconds(0));
  const std::chrono::seconds pause = std::min(asked, longest_pause) * 2 + after_a_pause;
  for (const sync::ChannelPlan::Opening& one : openings)
    co_await services_.channels.refused(run.claim().connection, one.calendar_id, describe(error), pause, 0);
}

Task<Result<PushKeeper::Opened>> PushKeeper::open(ActiveRun& run, sync::ChannelPlan::Opening opening) {
  const std::string id = random_uuid(services_.random);
  const Secret secret(random_token(services_.random));
  const bool ours = co_await services_.channels.open(
      run.claim(), {id, opening.calendar_id, sha256_hex(secret.reveal()), address(run), options_.life});
  if (!ours) co_return fail(Failure::lease_lost, "the lease is lost, or an operator changed the connection");
  const providers::ChannelRequest request{opening.calendar_id, id, secret, address(run), options_.life};
  const auto answer = co_await run.call([&run, request](providers::Session session) {
    return run.adapter().push_channels->open(std::move(session), request);
  });
  if (!answer) co_return co_await refused(run, opening.calendar_id, id, answer.error());
  if (!*answer) {
    co_await services_.channels.forget({id});
    co_await services_.channels.refused(run.claim().connection, opening.calendar_id,
                                        "provider_rejected: this calendar cannot be watched; it is polled",
                                        unwatchable_pause, 0);
    co_return std::nullopt;
  }
  std::vector<std::string> replaces;
  for (const sync::Channel& old : opening.replaces) replaces.push_back(old.id);
  const double renewal = earliest_renewal + renewal_spread * services_.random.unit();
  const bool lives = co_await services_.channels.opened(run.claim(), id, (*answer)->resource_id, (*answer)->expires_at,
                                                        renewal, std::move(replaces));
  if (!lives) {
    // Disconnected or taken over meanwhile: nobody else knows of this channel.
    (void)co_await run.call([&run, id, resource = (*answer)->resource_id](providers::Session session) {
      return run.adapter().push_channels->stop(std::move(session), id, resource);
    });
    co_return fail(Failure::lease_lost, "the connection is gone, or another worker has it");
  }
  LogFields said = fields(run);
  said.metadata = {{"channel_id", id}, {"reason", std::string(sync::open_reason_name(opening.reason))}};
  if (opening.reason == sync::OpenReason::silence) {
    services_.log.warn("a push channel did not announce a change that polling found; it is replaced", said);
  } else {
    services_.log.info("a push channel was opened", said);
  }
  co_return *answer;
}

Task<Result<PushKeeper::Opened>> PushKeeper::refused(ActiveRun& run, std::string calendar_id, std::string channel_id,
                                                     Error error) {
  const bool operators = error.failure == Failure::misconfigured;
  if (outcome_unknown(error.failure)) {
    co_await services_.channels.stopping({channel_id});
  } else {
    co_await services_.channels.forget({channel_id});
  }
  if (ends_the_run(error)) co_return error;
  co_await services_.channels.refused(run.claim().connection, calendar_id, describe(error),
                                      operators ? std::optional(operator_pause) : std::nullopt,
                                      services_.random.unit());
  LogFields said = fields(run);
  said.error_code = error_code(error.failure);
  said.metadata = {{"reason", error.message}};
  services_.log.write(operators ? Level::error : Level::warn,
                      "a push channel could not be opened; the calendar is polled meanwhile", said);
  co_return std::nullopt;
}

Task<Result<void>> PushKeeper::stop(ActiveRun& run, std::string channel, std::string resource) {
  co_await services_.channels.stopping({channel});
  if (resource.empty() && !run.adapter().push_channels->finds_channels()) {
    // The provider cannot be told; it ends at its expiry, unheard, unless its calendar gets another channel.
    co_await services_.channels.stop_failed(channel, "its resource id is not known", services_.random.unit());
    co_return Result<void>();
  }
  const auto answer = co_await run.call([&run, id = channel, resource](providers::Session session) {
    return run.adapter().push_channels->stop(std::move(session), id, resource);
  });
  if (answer) {
    co_await services_.channels.forget({channel});
    co_return Result<void>();
  }
  const Error& error = answer.error();
  if (says_nothing(error.failure)) co_return error;
  co_await services_.channels.stop_failed(channel, describe(error), services_.random.unit());
  if (ends_the_run(error)) co_return error;
  LogFields said = fields(run);
  said.error_code = error_code(error.failure);
  said.metadata = {{"channel_id", channel}, {"reason", error.message}};
  services_.log.warn("a push channel could not be stopped; it is tried again", said);
  co_return Result<void>();
}

}  // namespace calsync::worker
