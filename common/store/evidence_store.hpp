// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "common/store/connection_store.hpp"
#include "common/sync/evidence.hpp"

namespace calsync::store {

/// Where each provider's calls go; "" = to a host of each connection's own, which its provider_email names.
using ProviderHosts = std::map<std::string, std::string>;

/// What a connection's explanation rests on, in one round trip. Throws db::DatabaseError.
class EvidenceStore {
 public:
  EvidenceStore(db::Pool& pool, ProviderHosts hosts) : pool_(pool), hosts_(std::move(hosts)) {}

  /// Of a connection that has just been read; `runs`: how many of its latest.
  Task<sync::Evidence> evidence(ConnectionView connection, int runs);

 private:
  db::Pool& pool_;
  ProviderHosts hosts_;
};

}  // namespace calsync::store
