// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/producer.hpp"

#include <algorithm>

namespace calsync::worker {
namespace {

constexpr int window = 1000;
/// Claiming more in one statement gains nothing and holds the rows' locks longer.
constexpr int largest_claim = 100;
constexpr std::chrono::seconds longest_pause{5};

}  // namespace

Producer::Producer(asio::any_io_executor executor, AsyncClock& clock, const Log& log, store::ClaimQueue& queue,
                   const sync::GateSettings& gate, ProducerOptions options, StartRun start)
    : clock_(clock),
      log_(log),
      queue_(queue),
      gate_(gate),
      options_(std::move(options)),
      start_(std::move(start)),
      wake_(std::move(executor)) {}

void Producer::stop() {
  stopping_ = true;
  wake_.set();
}

void Producer::finished(const sync::Claim& claim) {
  in_flight_.erase(claim.connection);
  if (suspect_ == claim.connection) suspect_.reset();
  const auto owner = per_owner_.find(claim.owner);
  if (owner != per_owner_.end() && --owner->second <= 0) per_owner_.erase(owner);
  wake_.set();
}

Task<void> Producer::refill(store::ClaimFilter filter) {
  for (const auto& [owner, running] : per_owner_) {
    if (running >= options_.per_owner) filter.busy_owners.push_back(owner.str());
  }
  const std::vector<store::Candidate> found = co_await queue_.candidates(std::move(filter), window);
  // Owners in turn: the first of each, then the second of each. An owner with 5,000 due calendars delays nobody.
  std::map<OwnerId, std::size_t> seen;
  std::vector<std::pair<std::size_t, std::size_t>> turns;  // which of its owner's, place in `found`
  turns.reserve(found.size());
  for (std::size_t place = 0; place < found.size(); ++place) turns.emplace_back(seen[found[place].owner]++, place);
  std::sort(turns.begin(), turns.end());
  candidates_.clear();
  for (const auto& [turn, place] : turns) candidates_.push_back(found[place]);
}

/// Who took a worker down may do it again: one suspect at a time, so that those who merely were there are not accused
/// with it, and first the one with the fewest ends.
std::optional<ConnectionId> Producer::next_suspect() const {
  if (suspect_) return std::nullopt;
  const store::Candidate* least = nullptr;
  for (const store::Candidate& one : candidates_) {
    if (one.suspect() && (!least || one.unsettled < least->unsettled)) least = &one;
  }
  return least ? std::optional(least->connection) : std::nullopt;
}

Producer::Choice Producer::choose() {
  const std::size_t free = static_cast<std::size_t>(options_.concurrency) - in_flight_.size();
  const std::size_t wanted = std::min<std::size_t>(free, largest_claim);
  std::map<OwnerId, int> chosen_of;
  Choice choice{{}, next_suspect()};
  std::vector<ConnectionId>& chosen = choice.connections;
  std::deque<store::Candidate> later;
  std::set<ConnectionId> taken;
  while (!candidates_.empty() && chosen.size() < wanted) {
    store::Candidate one = std::move(candidates_.front());
    candidates_.pop_front();
    if (in_flight_.contains(one.connection) || !taken.insert(one.connection).second) continue;
    const auto running = per_owner_.find(one.owner);
    int& more = chosen_of[one.owner];
    const bool waits = one.suspect() && one.connection != choice.suspect;
    if (waits || (running == per_owner_.end() ? 0 : running->second) + more >= options_.per_owner) {
      later.push_back(std::move(one));
      continue;
    }
    ++more;
    chosen.push_back(std::move(one.connection));
  }
  candidates_.insert(candidates_.begin(), std::make_move_iterator(later.begin()), std::make_move_iterator(later.end()));
  // One order of locks for all workers.
  std::sort(chosen.begin(), chosen.end());
  return choice;
}

Task<int> Producer::claim_once() {
  const sync::Answer answer = sync::ask(gate_, sync::Operation::use_calendar);
  if (!answer || static_cast<int>(in_flight_.size()) >= options_.concurrency) co_return 0;
  store::ClaimFilter filter = store::make_filter(*answer.admission, gate_, options_.providers, dead_workers_);
  filter.patience = options_.push_patience;
  Choice choice = choose();
  if (choice.connections.empty()) {
    co_await refill(filter);
    choice = choose();
  }
  if (choice.connections.empty()) co_return 0;
  filter.suspect = choice.suspect;
  std::vector<sync::Claim> claims =
      co_await queue_.claim(std::move(choice.connections), filter, options_.lease_seconds);
  const int count = static_cast<int>(claims.size());
  for (sync::Claim& claim : claims) {
    in_flight_.insert(claim.connection);
    if (choice.suspect == claim.connection) suspect_ = claim.connection;
    ++per_owner_[claim.owner];
    start_(std::move(claim));
  }
  co_return count;
}

void Producer::note_database(bool reachable, const char* reason) {
  if (reachable == database_reachable_) return;
  database_reachable_ = reachable;
  if (reachable) {
    log_.info("the database is reachable again");
  } else {
    log_.error("the database cannot be reached; claiming waits for it",
               {.error_code = "database_error", .metadata = {{"reason", reason}}});
  }
}

Task<void> Producer::serve() {
  Duration pause = options_.poll;
  while (!stopping_) {
    int started = 0;
    bool reachable = true;
    try {
      started = co_await claim_once();
      note_database(true, "");
    } catch (const db::DatabaseError& error) {
      note_database(false, error.what());
      reachable = false;
      candidates_.clear();
    }
    pause = reachable ? options_.poll : std::min<Duration>(pause * 2, longest_pause);
    if (started == 0 && !stopping_) {
      const bool woken = co_await wake_.wait(clock_, pause);
      // Something may have become due that the window in hand does not know; a slot that became free is no reason.
      if (!woken || std::exchange(news_, false)) candidates_.clear();
    }
  }
}

}  // namespace calsync::worker
