// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {

std::vector<std::string> connection_ids(const Step& step) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : step.world.memory.tables().connections.rows()) ids.push_back(id);
  return ids;
}

std::string pick_uuid(Step& step) { return random_uuid(step.dice); }

std::string pick_connection(Step& step) {
  const std::vector<std::string> ids = connection_ids(step);
  return ids.empty() || step.dice.chance(3) ? pick_uuid(step) : step.dice.pick(ids);
}

std::string pick_leased(Step& step) {
  std::vector<std::string> leased;
  for (const auto& [id, row] : step.world.memory.tables().connections.rows()) {
    if (row->lease_until) leased.push_back(id);
  }
  return leased.empty() || step.dice.chance(10) ? pick_connection(step) : step.dice.pick(leased);
}

std::string pick_suspect(Step& step) {
  std::vector<std::string> suspects;
  for (const auto& [id, row] : step.world.memory.tables().connections.rows()) {
    if (row->unsettled_claims > 0) suspects.push_back(id);
  }
  return suspects.empty() || step.dice.chance(10) ? pick_connection(step) : step.dice.pick(suspects);
}

sync::Claim pick_claim(Step& step) {
  sync::Claim claim;
  const std::string id = pick_leased(step);
  claim.connection = ConnectionId::trusted(id);
  claim.owner = OwnerId::trusted(owner_ids().front());
  claim.provider = "google";
  const simulation::ConnectionRow* row = step.world.memory.tables().connections.find(id);
  if (!row) return claim;
  claim.owner = OwnerId::trusted(row->provider_id);
  claim.provider = row->provider;
  claim.lease_token = row->lease_token - (step.dice.chance(8) ? 1 : 0);
  claim.wake_seq = row->wake_seq - (step.dice.chance(25) ? 1 : 0);
  claim.edit_seq = row->edit_seq - (step.dice.chance(20) ? 1 : 0);
  return claim;
}

std::string pick_channel(Step& step) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : step.world.memory.tables().channels.rows()) ids.push_back(id);
  return ids.empty() || step.dice.chance(5) ? "channel-unknown" : step.dice.pick(ids);
}

std::vector<std::string> pick_channels(Step& step) {
  std::vector<std::string> ids;
  const int count = step.dice.between(0, 3);
  for (int i = 0; i < count; ++i) ids.push_back(pick_channel(step));
  return ids;
}

std::optional<std::chrono::seconds> pick_pause(Step& step) {
  if (step.dice.chance(50)) return std::nullopt;
  return std::chrono::seconds(step.dice.between(0, 7200));
}

std::optional<std::vector<std::string>> pick_owners(Step& step, int percent) {
  if (!step.dice.chance(percent)) return std::nullopt;
  return step.dice.some(owner_ids(), 60);
}

std::optional<std::vector<std::string>> pick_listed(Step& step, int percent) {
  if (!step.dice.chance(percent)) return std::nullopt;
  return step.dice.some(connection_ids(step), 60);
}

std::vector<store::SealedCredential> pick_sealed(Step& step) {
  std::vector<store::SealedCredential> sealed;
  for (const char* kind : {"access_token", "refresh_token", "password", "feed_url"}) {
    if (step.dice.chance(40))
      sealed.push_back(
          {kind, "v1.k1." + std::to_string(step.dice.below(1000)), "k" + std::to_string(step.dice.below(3))});
  }
  if (step.dice.chance(1)) sealed.push_back({"access_token", "v1.k1.twice", "k1"});
  if (step.dice.chance(1)) sealed.push_back({"other", "v1.k1.other", "k1"});
  return sealed;
}

Time pick_time(Step& step) {
  const std::int64_t day = std::chrono::duration_cast<Duration>(std::chrono::days(1)).count();
  const auto offset = static_cast<std::int64_t>((step.dice.fraction() - 0.3) * 3 * static_cast<double>(day));
  return step.world.clock.at + Duration(offset);
}

}  // namespace calsync::contract
