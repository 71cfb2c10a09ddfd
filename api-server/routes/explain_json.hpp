// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/providers/registry.hpp"
#include "common/store/evidence_store.hpp"

namespace calsync::api {

/// All that is told of one connection, by HTTP, by `calsync-api explain` and by the operators' page.
struct Explained {
  store::ConnectionView view{};
  sync::Evidence evidence{};
  std::vector<store::StateChangeRow> changes{};  ///< the latest first
};

store::ProviderHosts provider_hosts(const providers::Registry& registry);

/// `view` has just been read.
Task<Explained> gather(store::ConnectionStore& connections, db::Pool& pool, store::ProviderHosts hosts,
                       const Clock& clock, store::ConnectionView view);

/// Why it is or is not syncing, who can mend it, the one thing to do, what that rests on, and its latest runs, as an
/// object.
void put_explanation(json::Writer& writer, const sync::Evidence& evidence, const sync::GateSettings& gate);

/// {"connection", "explanation", "state_changes"}
void put_explained(json::Writer& writer, const Explained& explained, const sync::GateSettings& gate);
/// The same for a terminal: what it is, what to do, then everything that is known, in lines.
std::string explained_text(const Explained& explained, const sync::GateSettings& gate);

}  // namespace calsync::api
