// SPDX-License-Identifier: Apache-2.0
// Faults that tests order: which calls they hit and what they turn the answer into.
#pragma once

#include <memory>
#include <regex>
#include <vector>

#include "call_log.hpp"
#include "http_message.hpp"
#include "json.hpp"

namespace calsync::emulator {

struct Fault {
  std::uint64_t id = 0;
  std::string method, path_prefix, path_regex, operation, account, calendar_id;
  std::int64_t page = 0;  // 0: any
  std::optional<bool> sync_token;
  std::optional<std::regex> compiled_path;

  std::string kind, retry_after, message, location;
  std::int64_t times = 1, after = 0, delay_ms = 0;
  std::int64_t count = 0;     // of what a fault of a list bends; 0: as usual
  std::int64_t until_ms = 0;  // 0: no end
  bool after_commit = false;  // the call takes effect, only its answer is lost
  std::uint64_t seen = 0, fired = 0;

  bool matches(const Call& call, std::string_view path) const;
  bool spent() const;
  std::string json() const;
};

class FaultBoard {
 public:
  // Reads an order; a sentence when it is not understood.
  std::string add(const JsonValue& order, std::uint64_t& id);
  // The fault that hits this call, counted as fired; null for none.
  const Fault* hit(const Call& call, std::string_view path);
  // It hit, but there was nothing to do for it.
  void take_back(std::uint64_t id);
  const Fault* find(std::uint64_t id) const;
  bool empty() const { return faults_.empty(); }
  bool remove(std::uint64_t id);
  void clear() { faults_.clear(); }
  std::string json() const;

 private:
  std::vector<std::unique_ptr<Fault>> faults_;
  std::uint64_t last_id_ = 0;
};

bool known_fault_kind(std::string_view kind);
// True when the fault replaces the answer before the call has any effect.
bool replaces_answer(const Fault& fault);
Response fault_answer(const Fault& fault, std::string_view rpc_method);
// Faults that damage an answer which was otherwise right.
void damage(const Fault& fault, Response& response);

}  // namespace calsync::emulator
