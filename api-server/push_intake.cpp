// SPDX-License-Identifier: Apache-2.0
#include "api-server/push_intake.hpp"

#include <set>

#include "common/async/deadline.hpp"
#include "common/base/crypto.hpp"

namespace calsync::api {
namespace {

constexpr std::size_t largest_batch = 1000;
/// While one waits for its commit to be on disk, the other is looked up and written.
constexpr int most_batches = 2;
constexpr std::size_t worth_a_second = 24;
/// A provider gives up on slow answers; a refusal within a second makes it try again later.
constexpr std::chrono::milliseconds patience{900};
constexpr std::chrono::milliseconds gap_between_runs{1000};

db::DatabaseError too_slow() { return {"the database did not take a push message in time", ""}; }

}  // namespace

Task<PushVerdict> PushIntake::accept(std::string provider, providers::PushMessage message) {
  const Deadline limit(clock_, patience);
  const auto mine = std::make_shared<Waiting>(executor_, std::move(provider), std::move(message), limit);
  queue_.push_back(mine);
  // Whoever finds a place at work commits; the others wait for their turn or for their verdict, which the batches
  // before them bring within their own limits.
  if (may_begin()) co_await commit_next();
  while (!mine->done) {
    co_await mine->signal.wait();
    if (!mine->done && may_begin()) co_await commit_next();
  }
  if (mine->failure) std::rethrow_exception(mine->failure);
  co_return mine->verdict;
}

/// A second batch is worth its statements only when it is not small.
bool PushIntake::may_begin() const {
  return batches_ == 0 || (batches_ < most_batches && queue_.size() >= worth_a_second);
}

Task<void> PushIntake::commit_next() {
  ++batches_;
  Batch batch;
  while (!queue_.empty() && batch.size() < largest_batch) {
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
  for (const auto& one : batch) ids.insert(one->message.channel_id);
  const auto channels = co_await channels_.find({ids.begin(), ids.end()});
  std::vector<sync::Admission> admissions;
  std::set<ConnectionId> connections;
  std::set<std::string> spoke;
  for (const auto& one : batch) {
    one->verdict = judge(*one, channels);
    if (one->verdict != PushVerdict::woken) continue;
    const store::PushChannel& channel = channels.at(one->message.channel_id);
    const sync::Answer answer = sync::ask(gate_, sync::Operation::receive_push, &channel.owner, &channel.connection);
    if (!answer) {
      one->verdict = answer.refusal.flag ? PushVerdict::disabled : PushVerdict::not_allowlisted;
      continue;
    }
    admissions.push_back(*answer.admission);
    connections.insert(channel.connection);
    spoke.insert(one->message.channel_id);
  }
  if (connections.empty()) co_return;
  co_await channels_.wake(std::move(admissions), {connections.begin(), connections.end()}, {spoke.begin(), spoke.end()},
                          gap_between_runs);
}

PushVerdict PushIntake::judge(const Waiting& one, const std::map<std::string, store::PushChannel>& channels) const {
  const auto found = channels.find(one.message.channel_id);
  if (found == channels.end()) return PushVerdict::ignored;
  const store::PushChannel& channel = found->second;
  const bool secret = equal_constant_time(sha256_hex(one.message.token.reveal()), channel.secret_hash);
  const bool resource = channel.resource_id.empty() || channel.resource_id == one.message.resource_id;
  if (!secret || !resource || channel.provider != one.provider) return PushVerdict::forged;
  return channel.stopped ? PushVerdict::ignored : PushVerdict::woken;
}

}  // namespace calsync::api
