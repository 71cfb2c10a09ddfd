// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <set>

#include "common/store/connection_store.hpp"
#include "common/store/job_run_store.hpp"
#include "common/store/worker_database.hpp"

/// Results as texts that are equal when the results are. What Postgres may return in any order is sorted.
namespace calsync::contract {

inline std::string render(bool flag) { return flag ? "true" : "false"; }
inline std::string render(int number) { return std::to_string(number); }
inline std::string render(const std::string& text) { return text; }
std::string render(const std::optional<Time>& time);
std::string render(const sync::Claim& claim);
std::string render(const store::Candidate& candidate);
std::string render(const store::CredentialTable::Stored& stored);
std::string render(const store::BucketGrant& grant);
std::string render(const sync::Circuit& circuit);
std::string render(const store::Steady& steady);
std::string render(const sync::Mirror& mirror);
std::string render(const store::Connected& connected);
std::string render(const store::Wake& wake);
std::string render(const store::Served& served);
std::string render(const store::Holdings& holdings);
std::string render(const store::JobRun& run);
std::string render(const store::AbandonedChannel& channel);
std::string render(const store::PendingRevocation& revocation);
std::string render(const std::map<std::string, store::PushChannel>& channels);
std::string render(const store::GateTable::Portion& portion);
std::string render(const std::optional<sync::Counts>& counts);
std::string render(const std::set<ConnectionId>& ids);
std::string render(const store::SettledRuns& runs);
std::string render(const std::pair<std::string, std::string>& pair);
/// JSON, or nothing.
std::string render(const std::optional<std::string>& json);
std::string render(const std::optional<store::JobRun>& run);

template <class T>
std::string render(const std::vector<T>& many) {
  std::vector<std::string> texts;
  for (const T& one : many) texts.push_back(render(one));
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += "[" + text + "]";
  return all;
}

}  // namespace calsync::contract
