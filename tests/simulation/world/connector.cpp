// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/connector.hpp"

#include "common/store/credential_store.hpp"

namespace calsync::simulation {

std::string Connector::connection_of(const Member& member) const {
  for (const auto& [id, row] : database_.tables().connections.rows()) {
    if (row->provider_id == member.owner && row->provider == member.provider && row->provider_user_id == member.account)
      return id;
  }
  return {};
}

void Connector::connect(Member& member, const KeyRing& keys) {
  std::string id = connection_of(member);
  if (id.empty()) id = random_uuid(random_);
  store::NewConnection fresh;
  fresh.owner = OwnerId::trusted(member.owner);
  fresh.provider = member.provider;
  fresh.account = member.account;
  fresh.email = member.grant.email;
  if (member.feed) {
    fresh.credentials["feed_url"] = Secret(member.feed->url());
  } else {
    fresh.credentials["access_token"] = Secret(member.grant.access_token);
    fresh.credentials["refresh_token"] = Secret(member.grant.refresh_token);
    fresh.token_expiry = database_.now() + member.grant.life;
    checks_.granted(member.grant.access_token, member.grant.email);
    checks_.granted(member.grant.refresh_token, member.grant.email);
  }
  std::vector<store::SealedCredential> sealed;
  for (const auto& [kind, secret] : fresh.credentials) {
    const SealContext context = store::credential_context(ConnectionId::trusted(id), fresh.owner, fresh.provider, kind);
    sealed.push_back({kind, keys.seal(secret, context, random_), keys.active_key()});
  }
  member.connection = requests_.connect(fresh, id, sealed).connection.str();
  checks_.connected(member.connection);
}

}  // namespace calsync::simulation
