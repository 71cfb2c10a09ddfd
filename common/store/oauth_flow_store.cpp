// SPDX-License-Identifier: Apache-2.0
#include "common/store/oauth_flow_store.hpp"

namespace calsync::store {

SealContext verifier_context(const std::string& state_hash, const std::string& owner, const std::string& provider) {
  return {"calendar_oauth_flows", "verifier_sealed", state_hash, owner, provider, "code_verifier"};
}

Task<Time> OAuthFlowStore::add(sync::Admission, std::string state, std::string provider, OwnerId owner, Secret verifier,
                               std::string return_to, int life_seconds, std::string requested_by) {
  const std::string hash = sha256_hex(state);
  db::Values values{hash,
                    owner.str(),
                    provider,
                    keys_.seal(verifier, verifier_context(hash, owner.str(), provider), random_),
                    db::null_if_empty(std::move(return_to)),
                    std::to_string(life_seconds),
                    db::null_if_empty(std::move(requested_by))};
  const db::Rows rows = co_await pool_.query(sql::oauth_flow_add, std::move(values));
  co_return rows.time(0, "expires_at").value_or(Time());
}

Task<std::pair<FlowState, OwnerId>> OAuthFlowStore::look(std::string state, std::string provider, std::string browser) {
  db::Values values{sha256_hex(state), std::move(provider)};
  const db::Rows rows = co_await pool_.query(sql::oauth_flow_find, std::move(values));
  if (rows.empty()) co_return std::pair(FlowState::unknown, OwnerId());
  const OwnerId owner = OwnerId::trusted(std::string(rows.text(0, "provider_id")));
  FlowState found = FlowState::open;
  if (rows.flag(0, "used")) {
    found = FlowState::used;
  } else if (rows.flag(0, "expired")) {
    found = FlowState::expired;
  } else if (!rows.is_null(0, "browser_hash") &&
             !equal_constant_time(rows.text(0, "browser_hash"), sha256_hex(browser))) {
    found = FlowState::other_browser;
  }
  co_return std::pair(found, owner);
}

OAuthFlow OAuthFlowStore::read(const db::Rows& rows, const std::string& state_hash, const std::string& provider) const {
  const std::string owner(rows.text(0, "provider_id"));
  auto verifier = keys_.open(rows.text(0, "verifier_sealed"), verifier_context(state_hash, owner, provider));
  if (!verifier) throw std::runtime_error(describe(verifier.error()));
  return {OwnerId::trusted(owner), std::move(*verifier), {}, {}};
}

Task<std::optional<OAuthFlow>> OAuthFlowStore::bind(sync::Admission, std::string state, std::string provider,
                                                    std::string browser) {
  const std::string hash = sha256_hex(state);
  const std::string browser_hash = sha256_hex(browser);
  db::Values values{hash, provider, browser_hash, browser_hash};
  const db::Rows rows = co_await pool_.query(sql::oauth_flow_bind, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  co_return read(rows, hash, provider);
}

Task<std::optional<OAuthFlow>> OAuthFlowStore::use(sync::Admission, std::string state, std::string provider,
                                                   std::string browser) {
  const std::string hash = sha256_hex(state);
  db::Values values{hash, provider, sha256_hex(browser)};
  const db::Rows rows = co_await pool_.query(sql::oauth_flow_use, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  OAuthFlow flow = read(rows, hash, provider);
  flow.return_to = rows.text(0, "return_to");
  flow.requested_by = rows.text(0, "requested_by");
  co_return flow;
}

}  // namespace calsync::store
