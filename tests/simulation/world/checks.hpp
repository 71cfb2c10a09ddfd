// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/providers/provider.hpp"
#include "common/sync/cursor.hpp"
#include "common/sync/gate.hpp"
#include "tests/simulation/database/memory_database.hpp"
#include "tests/simulation/kernel/scheduler.hpp"
#include "tests/simulation/world/roster.hpp"
#include "tests/simulation/world/watched_transport.hpp"

namespace calsync::simulation {

/// A promise that was broken: which one (docs/reliability.md), and how.
struct Violation {
  std::string invariant{};
  std::string what{};
};

/// The invariants of the mirror and the queue, judged at each commit and at each call of the provider. It knows the
/// truth (the provider's own order of changes) and what became of every call, and nothing of the worker's insides.
class Checks final : public CallObserver {
 public:
  Checks(Scheduler& scheduler, EmulatedWorld& provider, const MemoryDatabase& database, Roster& roster)
      : scheduler_(scheduler), provider_(provider), database_(database), roster_(roster) {}

  const std::optional<Violation>& violation() const { return violation_; }
  std::uint64_t judged() const { return judged_; }

  /// What the daemons are configured to; without it as many runs may go on as there are.
  void configured(int concurrency, int per_owner) {
    concurrency_ = concurrency;
    per_owner_ = per_owner;
  }
  /// Since when a worker lives and nothing has disturbed it, nor the database; nothing = it does not.
  using CalmSince = std::function<std::optional<Duration>(const std::string& worker)>;
  void on_calm(CalmSince calm_since) { calm_since_ = std::move(calm_since); }

  // What the world tells.
  void worker_born(const std::string& process, const std::string& worker, const sync::GateSettings& gate);
  void gate_set(const std::string& process, const sync::GateSettings& gate);
  void committed(const Commit& commit);
  void crashed(const std::string& process, const std::string& reason);
  void backlog(const std::string& process, std::size_t size);
  /// Now and then: who looks dead at this moment.
  void look_at_workers();
  /// A push message was answered with 2xx, after it was taken in at `begun`.
  void push_accepted(const providers::PushItem& item, Duration begun, std::string_view said);
  /// A message was refused, or ignored, by a gate that has not changed since it came.
  void push_passed_over(const providers::PushItem& item, const sync::GateSettings& gate);
  /// Now and then, of a worker that works: it gives signs of life.
  void look_for_life(const std::string& process, const std::string& worker);
  /// It was told to end a minute ago, and lives.
  void drains_for_ever(const std::string& process, const std::string& worker);
  /// It has come to its end by itself.
  void ended(const std::string& process, const std::string& worker);
  /// Everything is in step, and nothing goes wrong from now on.
  void quiet_begins() { quiet_ = true; }
  /// It has been so for two polls.
  void judge_quiet(bool pushes);
  void erased(const std::string& connection);
  /// Connected, anew or again: what was known of its grant is over.
  void connected(const std::string& connection);
  /// A token and whose it is.
  void granted(const std::string& token, const std::string& email) {
    tokens_[token] = email;
    abandoned_.erase(token);
  }
  std::uint64_t calls() const { return last_call_; }
  /// It shows the secret that its channel was opened with.
  bool genuine(const providers::PushItem& item) const;

  std::uint64_t call_starts(const std::string& process, const net::HttpRequest& request) override;
  void call_ends(std::uint64_t call, const Result<net::HttpResponse>& answer) override;

  void violated(std::string invariant, std::string what);
  /// Whether somebody woke it since then.
  bool woken_since(const std::string& connection, Duration then) {
    return story(connection).woken.value_or(Duration(-1)) >= then;
  }
  /// Told of every call that starts.
  void on_call(std::function<void()> listener) { on_call_ = std::move(listener); }
  /// Told of every token that the provider gives.
  void on_secret(std::function<void(std::string)> listener) { on_secret_ = std::move(listener); }

  /// Refusals of a connection's refresh token since it last worked or was given anew.
  int refusals(const std::string& connection) const;

 private:
  struct Call {
    std::string process{};
    std::string connection{};
    std::string operation{};
    std::string calendar{};
    Duration started{};
    Duration page{};           ///< when the first call of the adapter's page began that this one belongs to
    bool incremental = false;  ///< a read from a stored position on
    bool of_a_run = false;
    bool of_farewell = false;  ///< with the grant of an earlier connection of the account
  };
  struct Pause {
    Duration until{};
    std::string why{};
  };
  /// What one run of a connection may rely on: from its claim on.
  struct Epoch {
    std::string worker{};
    std::int64_t token = 0;
    std::int64_t edit = 0;
    Duration claimed{};
    Duration heard{};                                                     ///< when its last call ended
    std::map<std::pair<std::string, std::string>, std::string> served{};  ///< calendar, event -> the last etag
    std::map<std::string, std::string> ended{};                           ///< calendar -> sync token of the last page
    bool told_to_wait = false;                                            ///< by the provider
    Pause pause{};           ///< that it was told of; nobody else knows before the run is settled
    bool refreshed = false;  ///< it was given a new token
    int forgiven = 0;        ///< refusals that a new token made void; nobody else knows before it is stored
    bool unread = false;     ///< it was sent a page that the checks cannot read
    std::optional<std::chrono::seconds> token_life{};  ///< of that token, as the provider said
    std::map<std::string, int> expired{};              ///< calendar -> refusals of its sync token
    std::set<std::string> accepted{};                  ///< calendars whose sync token was good
  };
  struct Story {
    Epoch epoch{};
    std::optional<Duration> woken{};  ///< when the last wake-up was committed
    Call last{};                      ///< the call that has ended last, and when
    Duration last_ended{-1};
    int refusals = 0;
    int asked_in_vain = 0;  ///< refusals since a person has last cleared a backoff
    bool suspended_for_grant = false;
    std::string last_token_error{};
  };

  // Judgements of one commit.
  void judge_connection(const Commit& commit, const Change<ConnectionRow>& change);
  void judge_claim(const Commit& commit, const ConnectionRow& before, const ConnectionRow& after);
  void judge_fence(const Commit& commit, const ConnectionRow& before);
  void judge_settle(const Commit& commit, const ConnectionRow& before, const ConnectionRow& after);
  void judge_errors(const ConnectionRow& before, const ConnectionRow& after);
  void judge_verdict(const ConnectionRow& before, const ConnectionRow& after);
  void judge_backoff(const ConnectionRow& before, const ConnectionRow& after);
  void judge_calendars_read(const ConnectionRow& after);
  void judge_expirations(const ConnectionRow& row, const sync::Cursor& is);
  void judge_token(const Commit& commit);
  void judge_lost_verdict(const ConnectionRow& before);
  void judge_places(const Call& call);
  void note_places(const Commit& commit);
  void judge_places_left(const std::string& connection);
  void judge_channels(const Commit& commit);
  void judge_channels_of(const Member& member);
  void note_circuits(const Commit& commit);
  void judge_probe(const Commit& commit, const ConnectionRow& row);
  void note_sync_token(const Call& call, const Result<net::HttpResponse>& answer);
  bool lives_at_provider(const ChannelRow& row) const;
  bool calm_for(const std::string& worker, Duration how_long) const;
  void judge_cursor(const ConnectionRow& before, const ConnectionRow& after);
  void judge_calendar(const ConnectionRow& row, const std::string& calendar, const std::string& token,
                      const Member& member);
  void judge_mailbox_calendar(const ConnectionRow& row, const std::string& calendar, const std::string& cursor,
                              const Member& member);
  void judge_event(const Commit& commit, const Change<EventRow>& change);
  void judge_switch(const Commit& commit);
  void note_outsiders(const Commit& commit, const ConnectionRow& before, const ConnectionRow& after);

  void read_items(const Call& call, const net::HttpResponse& response);
  void read_graph_items(const Call& call, const net::HttpResponse& response);
  void note_token_answer(const Call& call, const net::HttpResponse& response);
  Story& story(const std::string& connection) { return stories_[connection]; }
  /// That binds whoever runs the connection now: the longest that is written down, or that this run was told of.
  const Pause& pause_of(const std::string& connection);
  /// The run has been settled, or has given its lease back. Who dies before that cannot tell anybody.
  void record_pause(const std::string& connection);
  void forget_pauses(const std::string& connection);
  /// The call is of the run that holds the lease; what others hear they can tell nobody.
  bool of_the_holder(const Call& call);
  /// When the first of the calls began that Microsoft's adapter makes at once: the engine asks the switches between
  /// pages, and a page may be several calls (docs/adr/0013).
  Duration page_of(const Call& call);
  bool is_of_mailbox(const std::string& connection) const;
  std::string connection_of(const net::HttpRequest& request) const;
  /// Not for dead to anybody, also not to those who looked some seconds ago.
  bool worker_lives(const std::string& worker) const;
  bool has_calendars(const std::string& connection) const;

  Scheduler& scheduler_;
  EmulatedWorld& provider_;
  const MemoryDatabase& database_;
  Roster& roster_;
  std::function<void(std::string)> on_secret_;
  std::function<void()> on_call_;
  std::optional<Violation> violation_;
  std::uint64_t judged_ = 0;
  std::map<std::string, std::string> worker_of_process_;
  struct Gate {
    sync::GateSettings settings{};
    Duration since{};
  };
  std::map<std::string, Gate> gates_;  ///< by process
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_call_ = 0;
  std::map<std::string, Story> stories_;
  std::map<std::string, Pause> pauses_;  ///< that are written down, by connection
  std::set<std::string> erased_;
  std::set<std::string, std::less<>> abandoned_;  ///< tokens of connections that were erased
  std::map<std::string, Duration> looked_dead_;
  std::map<std::string, std::string, std::less<>> tokens_;  ///< also those that the provider has forgotten
  std::set<std::string> client_states_;                     ///< that subscriptions were asked for with
  std::map<std::string, std::string> unstored_;  ///< access tokens that the provider has given, and to which connection
  std::map<std::string, std::pair<Duration, int>> rates_;  ///< calls of a connection in the present minute
  int concurrency_ = 0, per_owner_ = 0;
  CalmSince calm_since_;
  bool quiet_ = false;
  Duration stop_denied_{-std::chrono::hours(1)};  ///< when the provider has last refused to stop a channel, or a token
  struct Outage {
    Duration since{};
    std::int64_t version = 0;
    int failed_probes = 0;
    int probes = 0, claims = 0;
  };
  struct Place {
    Time until{};
    std::string worker{};
    Duration taken{};
  };
  std::map<std::tuple<std::string, std::string, std::string>, Place> places_;
  std::map<std::string, Outage> outages_;  ///< providers that are asked by probes only
};

}  // namespace calsync::simulation
