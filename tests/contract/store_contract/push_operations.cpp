// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

using Database = store::WorkerDatabase;

/// A channel of which `wanted` is true, mostly, if there is one.
template <class Wanted>
std::string pick_channel_that(Step& step, Wanted wanted) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : step.world.memory.tables().channels.rows()) {
    if (wanted(*row)) ids.push_back(id);
  }
  return ids.empty() || step.dice.chance(20) ? pick_channel(step) : step.dice.pick(ids);
}

void find_channels(Step& step) {
  const std::vector<std::string> ids = pick_channels(step);
  step.as_api([&](Database& database) { return database.channels().find(ids); });
}

void push_wake(Step& step) {
  std::vector<ConnectionId> ids;
  for (const std::string& id : step.dice.some(connection_ids(step), 25)) ids.push_back(ConnectionId::trusted(id));
  store::SpokenChannels channels{pick_channels(step)};
  if (step.dice.chance(40))
    channels.spoke.push_back(pick_channel_that(step, [](const auto& row) { return row.missed_at.has_value(); }));
  if (step.dice.chance(20)) channels.renew = step.dice.some(channels.spoke, 50);
  if (step.dice.chance(10)) channels.ended = step.dice.some(channels.spoke, 50);
  const std::chrono::milliseconds gap(step.dice.below(5000));
  step.as_api([&](Database& database) {
    const std::vector<sync::Admission> admissions{admission(sync::Operation::receive_push)};
    return database.channels().wake(admissions, ids, channels, gap);
  });
}

void open_channel(Step& step) {
  const sync::Claim held = pick_claim(step);
  store::NewChannel channel;
  channel.id = step.dice.chance(3) ? pick_channel(step) : random_uuid(step.dice);
  channel.calendar_id = step.dice.pick(calendar_ids());
  channel.secret_hash = "hash-" + std::to_string(step.dice.below(100));
  channel.address = step.dice.chance(80) ? "https://push.example.com/" + step.dice.text() : "";
  channel.life = std::chrono::seconds(step.dice.between(0, 200'000));
  step.as_worker([&](Database& database) { return database.channels().open(held, channel); });
}

void channel_opened(Step& step) {
  const std::string id = pick_channel_that(step, [](const auto& row) { return row.state == "opening"; });
  sync::Claim held = pick_claim(step);
  // Mostly by the holder of its connection.
  const simulation::Tables& tables = step.world.memory.tables();
  if (const simulation::ChannelRow* row = tables.channels.find(id); row && step.dice.chance(90)) {
    held.connection = ConnectionId::trusted(row->connection_id);
    held.lease_token = tables.connections.find(row->connection_id)->lease_token;
  }
  const std::string resource = "resource-" + std::to_string(step.dice.below(10));
  const std::optional<Time> expires = step.dice.chance(60) ? std::optional(pick_time(step)) : std::nullopt;
  const double renewal = 0.0001 + step.dice.fraction() * 0.9998;
  std::vector<std::string> replaces = pick_channels(step);
  std::erase(replaces, id);
  step.as_worker(
      [&](Database& database) { return database.channels().opened(held, id, resource, expires, renewal, replaces); });
}

void channel_refused(Step& step) {
  const ConnectionId id = ConnectionId::trusted(pick_connection(step));
  const std::string calendar = step.dice.pick(calendar_ids());
  const std::string reason = step.dice.text(true);
  const std::optional<std::chrono::seconds> pause = pick_pause(step);
  const double unit = step.dice.fraction();
  step.as_worker([&](Database& database) { return database.channels().refused(id, calendar, reason, pause, unit); });
}

void channels_stopping(Step& step) {
  const std::vector<std::string> ids = pick_channels(step);
  step.as_worker([&](Database& database) { return database.channels().stopping(ids); });
}

void channel_stop_failed(Step& step) {
  const std::string id = pick_channel(step);
  const std::string reason = step.dice.text(true);
  const double unit = step.dice.fraction();
  step.as_worker([&](Database& database) { return database.channels().stop_failed(id, reason, unit); });
}

void forget_channels(Step& step) {
  const std::vector<std::string> ids{pick_channel(step)};
  step.as_worker([&](Database& database) { return database.channels().forget(ids); });
}

void channels_missed(Step& step) {
  const sync::Claim held = pick_claim(step);
  const std::vector<std::string> calendars = step.dice.some(calendar_ids(), 60);
  step.as_worker([&](Database& database) { return database.channels().missed(held, calendars); });
}

void tend_channels(Step& step) {
  const bool pushes = step.dice.chance(80);
  const std::chrono::seconds patience(step.dice.between(0, 30));
  const auto owners = pick_owners(step, 15);
  const auto listed = pick_listed(step, 15);
  step.as_worker([&](Database& database) { return database.channels().tend(pushes, patience, owners, listed); });
}

std::vector<std::string> pick_abandoned(Step& step) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : step.world.memory.tables().abandoned.rows()) ids.push_back(id);
  return step.dice.some(ids, 50);
}

void abandoned(Step& step) {
  step.as_worker([](Database& database) { return database.channels().abandoned(); });
}

void abandoned_failed(Step& step) {
  const std::vector<std::string> ids = pick_abandoned(step);
  const std::string reason = step.dice.text(true);
  const std::optional<std::chrono::seconds> pause = pick_pause(step);
  step.as_worker([&](Database& database) { return database.channels().abandoned_failed(ids, reason, pause); });
}

void abandoned_done(Step& step) {
  const std::vector<std::string> ids = pick_abandoned(step);
  step.as_worker([&](Database& database) { return database.channels().abandoned_done(ids); });
}

}  // namespace

Operations push_operations() {
  return {{"find_channels", 3, find_channels},
          {"push_wake", 18, push_wake},
          {"open_channel", 18, open_channel},
          {"channel_opened", 21, channel_opened},
          {"channel_refused", 9, channel_refused},
          {"channels_stopping", 3, channels_stopping},
          {"channel_stop_failed", 6, channel_stop_failed},
          {"forget_channels", 3, forget_channels},
          {"channels_missed", 12, channels_missed},
          {"tend_channels", 9, tend_channels},
          {"abandoned", 6, abandoned},
          {"abandoned_failed", 6, abandoned_failed},
          {"abandoned_done", 3, abandoned_done}};
}

}  // namespace calsync::contract
