// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/log.hpp"
#include "common/base/random.hpp"
#include "common/store/push_channel_store.hpp"
#include "sync-worker/active_run.hpp"

namespace calsync::worker {

struct PushOptions {
  std::string
      webhook_root{};  ///< the provider's name completes it to the address of its messages; "" = open no channels
  std::chrono::seconds life = std::chrono::hours(7 * 24);
};

/// Keeps one run's connection at exactly one live push channel per wanted calendar, and at none while push messages are
/// not taken. Works under the run's lease, after the events were read, so that a channel is opened for an account that
/// works and a new calendar gets its channel at once. A channel that cannot be opened is noted on its calendar, which
/// is polled meanwhile; only a provider that asks to slow down ends the run.
class PushKeeper {
 public:
  struct Services {
    Random& random;
    const Log& log;
    store::PushChannelStore& channels;
    const sync::GateSettings& gate;
  };
  PushKeeper(Services services, PushOptions options) : services_(services), options_(std::move(options)) {}

  /// False = the configuration wants none, or providers could not reach us.
  bool open_channels() const { return !options_.webhook_root.empty(); }

  /// What the run has to know afterwards.
  struct Kept {
    bool again = false;  ///< changes between the read and the new channel were announced to nobody
    int silent = 0;      ///< channels that missed a change and were given up
  };
  /// `wanted`: the calendars that are mirrored; `changed`: those in which this run's incremental reads found something.
  Task<Result<Kept>> keep(ActiveRun& run, std::vector<std::string> wanted, std::set<std::string> changed);

 private:
  /// Which calendars are to have a channel. One that this run has found is shown first, with its events, and watched by
  /// the next run, which comes at once.
  struct Watch {
    std::vector<sync::WatchedCalendar> calendars{};
    bool later = false;
  };
  std::string address(const ActiveRun& run) const;
  bool pushes_are_taken(const ActiveRun& run) const;
  Watch watch(const ActiveRun& run, const std::vector<std::string>& wanted) const;
  Task<void> note_missed(const ActiveRun& run, const std::set<std::string>& changed);
  /// The new channel; nothing = there is none, and its calendar says why.
  using Opened = std::optional<providers::OpenedChannel>;
  Task<Result<Opened>> open(ActiveRun& run, sync::ChannelPlan::Opening opening);
  Task<void> put_off(const ActiveRun& run, std::vector<sync::ChannelPlan::Opening> openings, Error error);
  Task<Result<Opened>> refused(ActiveRun& run, std::string calendar_id, std::string channel_id, Error error);
  Task<Result<void>> stop(ActiveRun& run, std::string channel, std::string resource);
  LogFields fields(const ActiveRun& run) const;

  Services services_;
  PushOptions options_;
};

}  // namespace calsync::worker
