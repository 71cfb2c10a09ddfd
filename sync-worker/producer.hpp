// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "common/async/signal.hpp"
#include "common/base/log.hpp"
#include "common/store/claim_queue.hpp"
#include "sync-worker/governor.hpp"

namespace calsync::worker {

struct ProducerOptions {
  std::vector<std::string> providers{};
  int concurrency = 256;
  int per_owner = 16;
  int lease_seconds = 300;
  Duration poll = std::chrono::milliseconds(500);
  std::chrono::seconds push_patience{15};
  /// How long a sign of life of this worker holds. Later nothing is claimed: who is dead may be back, and others may
  /// take this worker for dead.
  Duration alive = Duration::max();
};

/// Starts the run of one claim; the producer's `finished` is called when it has ended.
using StartRun = std::function<void(sync::Claim)>;

/// Claims due connections while there are free slots: candidates in large windows without locks, owners in turn, then a
/// claim by id of exactly as many as can start now. Woken by NOTIFY, by a run that ends, and by the poll.
class Producer {
 public:
  Producer(asio::any_io_executor executor, AsyncClock& clock, const Log& log, store::ClaimQueue& queue,
           Governor& governor, const sync::GateSettings& gate, ProducerOptions options, StartRun start);

  /// Nothing is claimed while one of these lives.
  class Hold {
   public:
    explicit Hold(Producer& producer) : producer_(producer) { ++producer_.holds_; }
    ~Hold() { --producer_.holds_; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Producer& producer_;
  };

  /// Runs until stop(). A database that is away is waited for.
  Task<void> serve();
  /// One look: claims what is due and free. Returns how many runs were started.
  Task<int> claim_once();
  void stop();
  /// Something may have become due.
  void wake() {
    news_ = true;
    wake_.set();
  }
  /// More runs may begin than a moment ago.
  void nudge() { wake_.set(); }
  void finished(const sync::Claim& claim);
  /// This worker has given a sign of life, and heard who is silent.
  void beaten(std::vector<std::string> dead);
  std::size_t in_flight() const { return in_flight_.size(); }

 private:
  Task<void> refill(store::ClaimFilter filter);
  struct Choice {
    std::vector<store::Candidate> candidates{};
    std::optional<ConnectionId> suspect{};  ///< the one among them that is under suspicion
  };
  /// Providers of which at least one run may begin now.
  std::map<std::string, double> rooms() const;
  Choice choose(std::map<std::string, double> rooms);
  std::optional<ConnectionId> next_suspect(const std::map<std::string, double>& rooms) const;
  Task<int> claim(Choice choice, store::ClaimFilter filter);
  Task<void> disown_unheard();
  void note_backlog(const std::vector<std::string>& providers, const std::vector<store::Candidate>& found);
  void note_database(bool reachable, const char* reason);

  AsyncClock& clock_;
  const Log& log_;
  store::ClaimQueue& queue_;
  Governor& governor_;
  const sync::GateSettings& gate_;
  ProducerOptions options_;
  StartRun start_;
  Signal wake_;
  std::deque<store::Candidate> candidates_;
  Duration read_at_{0};
  std::set<ConnectionId> in_flight_;
  std::optional<ConnectionId> suspect_;  ///< in flight
  std::map<OwnerId, int> per_owner_;
  std::vector<std::string> dead_workers_;
  std::optional<Duration> beaten_at_;
  std::vector<ConnectionId> unheard_;  ///< of claims whose answer was lost
  int holds_ = 0;
  bool news_ = false;
  bool stopping_ = false;
  bool database_reachable_ = true;
};

}  // namespace calsync::worker
