// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/producer.hpp"

#include <algorithm>

#include "sync-worker/turns.hpp"

namespace calsync::worker {
namespace {

constexpr int window = 1000;
/// So many are due at any time where many are polled.
constexpr int no_backlog = 50;
/// Claiming more in one statement gains nothing and holds the rows' locks longer.
constexpr int largest_claim = 100;
constexpr std::chrono::seconds longest_pause{5};

}  // namespace

Producer::Producer(asio::any_io_executor executor, AsyncClock& clock, const Log& log, store::ClaimQueue& queue,
                   Governor& governor, const sync::GateSettings& gate, ProducerOptions options, StartRun start)
    : clock_(clock),
      log_(log),
      queue_(queue),
      governor_(governor),
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

void Producer::beaten(std::vector<std::string> dead) {
  dead_workers_ = std::move(dead);
  beaten_at_ = clock_.monotonic();
}

void Producer::note_backlog(const std::vector<std::string>& providers, const std::vector<store::Candidate>& found) {
  for (const std::string& provider : providers) {
    const auto due =
        std::count_if(found.begin(), found.end(), [&](const auto& one) { return one.provider == provider; });
    governor_.backlog(provider, due < no_backlog);
  }
}

Task<void> Producer::refill(store::ClaimFilter filter) {
  for (const auto& [owner, running] : per_owner_) {
    if (running >= options_.per_owner) filter.busy_owners.push_back(owner.str());
  }
  filter.full_reads = governor_.full_reads_open();
  std::vector<store::Candidate> found = co_await queue_.candidates(filter, window);
  note_backlog(filter.providers, found);
  if (!filter.full_reads) std::erase_if(found, [](const auto& one) { return one.rank == store::Rank::backfill; });
  candidates_ = in_turns(std::move(found));
  read_at_ = clock_.monotonic();
}

/// Who took a worker down may do it again: one suspect at a time, so that those who merely were there are not accused
/// with it, and first the one with the fewest ends.
std::optional<ConnectionId> Producer::next_suspect(const std::map<std::string, double>& rooms) const {
  if (suspect_) return std::nullopt;
  const store::Candidate* least = nullptr;
  for (const store::Candidate& one : candidates_) {
    if (one.suspect() && rooms.contains(one.provider) && (!least || one.unsettled < least->unsettled)) least = &one;
  }
  return least ? std::optional(least->connection) : std::nullopt;
}

std::map<std::string, double> Producer::rooms() const {
  std::map<std::string, double> rooms;
  for (const std::string& provider : options_.providers) {
    if (const double room = governor_.room(provider); room >= 1) rooms.emplace(provider, room);
  }
  return rooms;
}

Producer::Choice Producer::choose(std::map<std::string, double> rooms) {
  const std::size_t free = static_cast<std::size_t>(options_.concurrency) - in_flight_.size();
  const std::size_t wanted = std::min<std::size_t>(free, largest_claim);
  std::map<OwnerId, int> chosen_of;
  Choice choice{{}, next_suspect(rooms)};
  std::vector<store::Candidate>& chosen = choice.candidates;
  std::deque<store::Candidate> later;
  std::set<ConnectionId> taken;
  while (!candidates_.empty() && chosen.size() < wanted) {
    store::Candidate one = std::move(candidates_.front());
    candidates_.pop_front();
    if (in_flight_.contains(one.connection) || !taken.insert(one.connection).second) continue;
    const auto running = per_owner_.find(one.owner);
    const auto room = rooms.find(one.provider);
    int& more = chosen_of[one.owner];
    const bool waits = one.suspect() && one.connection != choice.suspect;
    if (waits || room == rooms.end() || room->second < 1 ||
        (running == per_owner_.end() ? 0 : running->second) + more >= options_.per_owner) {
      later.push_back(std::move(one));
      continue;
    }
    ++more;
    room->second -= 1;
    chosen.push_back(std::move(one));
  }
  candidates_.insert(candidates_.begin(), std::make_move_iterator(later.begin()), std::make_move_iterator(later.end()));
  // One order of locks for all workers.
  std::sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a.connection < b.connection; });
  return choice;
}

Task<int> Producer::claim(Choice choice, store::ClaimFilter filter) {
  std::vector<ConnectionId> ids;
  for (const store::Candidate& one : choice.candidates) ids.push_back(one.connection);
  filter.suspect = choice.suspect;
  unheard_ = ids;
  std::vector<sync::Claim> claims = co_await queue_.claim(std::move(ids), filter, options_.lease_seconds);
  unheard_.clear();
  for (sync::Claim& claim : claims) {
    in_flight_.insert(claim.connection);
    if (choice.suspect == claim.connection) suspect_ = claim.connection;
    ++per_owner_[claim.owner];
  }
  // What other workers took first costs this one nothing of what it may begin.
  for (const sync::Claim& claim : claims) governor_.claiming(claim.provider, claim.connection);
  for (sync::Claim& claim : claims) start_(std::move(claim));
  co_return static_cast<int>(claims.size());
}

/// A claim whose answer was lost may have taken leases that nobody would know of until they run out.
Task<void> Producer::disown_unheard() {
  if (unheard_.empty()) co_return;
  std::vector<ConnectionId> ids = unheard_;
  co_await queue_.disown(std::move(ids));
  unheard_.clear();
}

Task<int> Producer::claim_once() {
  co_await disown_unheard();
  const sync::Answer answer = sync::ask(gate_, sync::Operation::use_calendar);
  if (!answer || holds_ > 0 || static_cast<int>(in_flight_.size()) >= options_.concurrency) co_return 0;
  if (beaten_at_ && clock_.monotonic() - *beaten_at_ > options_.alive) co_return 0;
  const std::map<std::string, double> open = rooms();
  std::vector<std::string> providers;
  for (const auto& [provider, room] : open) providers.push_back(provider);
  if (providers.empty()) co_return 0;
  store::ClaimFilter filter = store::make_filter(*answer.admission, gate_, std::move(providers), dead_workers_);
  filter.patience = options_.push_patience;
  // Wake-ups whose notification was skipped are seen at this age, also while runs that end keep the window alive.
  if (clock_.monotonic() - read_at_ > options_.poll * 2) candidates_.clear();
  Choice choice = choose(open);
  if (choice.candidates.empty()) {
    co_await refill(filter);
    choice = choose(open);
  }
  if (choice.candidates.empty()) co_return 0;
  co_return co_await claim(std::move(choice), std::move(filter));
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
