// SPDX-License-Identifier: Apache-2.0
#include "api-server/push_intake.hpp"

#include <set>

#include "common/async/deadline.hpp"
#include "common/base/crypto.hpp"

namespace calsync::api {
namespace {

/// Items, unless a single message has more.
constexpr std::size_t largest_batch = 1000;
/// While one waits for its commit to be on disk, the other is looked up and written.
constexpr int most_batches = 2;
constexpr std::size_t worth_a_second = 24;
/// A provider gives up on slow answers; a refusal within a second makes it try again later.
constexpr std::chrono::milliseconds patience{900};
constexpr std::chrono::milliseconds gap_between_runs{1000};

db::DatabaseError too_slow() { return {"the database did not take a push message in time", ""}; }

}  // namespace

Task<std::vector<PushVerdict>> PushIntake::accept(std::string provider, std::vector<providers::PushItem> items) {
  const Deadline limit(clock_, patience);
  const auto mine = std::make_shared<Waiting>(executor_, std::move(provider), std::move(items), limit);
  queue_.push_back(mine);
  // Whoever finds a place at work commits; the others wait for their turn or for their verdict, which the batches
  // before them bring within their own limits.
  if (may_begin()) co_await commit_next();
  while (!mine->done) {
    co_await mine->signal.wait();
    if (!mine->done && may_begin()) co_await commit_next();
  }
  if (mine->failure) std::rethrow_exception(mine->failure);
  co_return mine->verdicts;
}

/// A second batch is worth its statements only when it is not small.
bool PushIntake::may_begin() const {
  return batches_ == 0 || (batches_ < most_batches && queue_.size() >= worth_a_second);
}

Task<void> PushIntake::commit_next() {
  ++batches_;
  Batch batch;
  std::size_t items = 0;
  while (!queue_.empty() && (batch.empty() || items + queue_.front()->items.size() <= largest_batch)) {
    items += queue_.front()->items.size();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  std::exception_ptr failure;
  try {
    Task<void> work = commit(batch);
    const DeadlineOutcome outcome = co_await race_deadline(clock_, batch.front()->limit, std::move(work));
    if (outcome != DeadlineOutcome::finished) throw too_slow();
  } catch (...) {
    failure = std::current_exception();
  }
  --batches_;
  for (const auto& one : batch) {
    one->failure = failure;
    one->done = true;
    one->signal.set();
  }
  if (!queue_.empty()) queue_.front()->signal.set();
}

Task<void> PushIntake::commit(const Batch& batch) {
  std::set<std::string> ids;
  for (const auto& one : batch) {
    for (const providers::PushItem& item : one->items) ids.insert(item.channel_id);
  }
  const Channels channels = co_await channels_.find({ids.begin(), ids.end()});
  std::vector<sync::Admission> admissions;
  std::set<ConnectionId> connections;
  std::set<std::string> spoke, renew, ended;
  for (const auto& one : batch) {
    for (std::size_t at = 0; at < one->items.size(); ++at) {
      const providers::PushItem& item = one->items[at];
      one->verdicts[at] = judge(one->provider, item, channels, admissions);
      if (one->verdicts[at] != PushVerdict::woken) continue;
      connections.insert(channels.at(item.channel_id).connection);
      spoke.insert(item.channel_id);
      if (item.kind == providers::PushKind::renew) renew.insert(item.channel_id);
      if (item.kind == providers::PushKind::ended) ended.insert(item.channel_id);
    }
  }
  if (connections.empty()) co_return;
  store::SpokenChannels said{{spoke.begin(), spoke.end()}, {renew.begin(), renew.end()}, {ended.begin(), ended.end()}};
  co_await channels_.wake(std::move(admissions), {connections.begin(), connections.end()}, std::move(said),
                          gap_between_runs);
}

PushVerdict PushIntake::judge(const std::string& provider, const providers::PushItem& item, const Channels& channels,
                              std::vector<sync::Admission>& admissions) const {
  const auto found = channels.find(item.channel_id);
  if (found == channels.end()) return PushVerdict::ignored;
  const store::PushChannel& channel = found->second;
  const bool secret = equal_constant_time(sha256_hex(item.token.reveal()), channel.secret_hash);
  const bool resource = channel.resource_id.empty() || channel.resource_id == item.resource_id;
  if (!secret || !resource || channel.provider != provider) return PushVerdict::forged;
  if (channel.stopped) return PushVerdict::ignored;
  const sync::Answer answer = sync::ask(gate_, sync::Operation::receive_push, &channel.owner, &channel.connection);
  if (!answer) return answer.refusal.flag ? PushVerdict::disabled : PushVerdict::not_allowlisted;
  admissions.push_back(*answer.admission);
  return PushVerdict::woken;
}

}  // namespace calsync::api
