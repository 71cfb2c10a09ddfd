// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"

namespace calsync::sync {

/// The four switches of contract section 3.
enum class Flag { sync, oauth, jobs, webhook };
std::string_view flag_name(Flag flag);  ///< "CALENDAR_SYNC_ENABLED" …

/// One of CALENDAR_ALLOWLIST_PROVIDER_IDS and CALENDAR_ALLOWLIST_CONNECTION_IDS.
struct Allowlist {
  bool everybody = true;
  std::set<std::string> ids{};  ///< canonical UUIDs; meaningful unless everybody
  bool admits(const std::string& id) const { return everybody || ids.contains(id); }
  bool operator==(const Allowlist&) const = default;
};

struct InvalidSetting {
  std::string name;   ///< the variable
  std::string value;  ///< what stands there
  std::string reason;
};

/// Flags and lists as read from the environment. Anything malformed counts as "off" or as a restriction, never as
/// access.
struct GateSettings {
  std::map<Flag, bool> flags{};
  Allowlist owners{};
  Allowlist connections{};
  bool production = true;
  std::vector<InvalidSetting> invalid{};

  bool on(Flag flag) const { return flags.at(flag); }
};
GateSettings parse_gate(const std::map<std::string, std::string>& environment);

/// What somebody wants to do. Each needs some flags, and each concerns an owner, a connection, both or neither.
enum class Operation {
  connect,       ///< OAuth: start, callback
  use_calendar,  ///< connections, calendars, events, sync requests, and every claim of a worker
  run_job,       ///< admin job runs
  poll,          ///< scheduled polling
  receive_push   ///< webhooks
};

/// Why not. `flag` is set when a switch is off, otherwise the owner or connection is not on its list.
struct Refusal {
  std::optional<Flag> flag{};
  bool operator==(const Refusal&) const = default;
};

/// Proof that the gate was asked. Only ask() makes one; guarded functions take it as an argument, so that forgetting to
/// ask does not compile.
class Admission {
 public:
  Operation operation() const { return operation_; }

 private:
  friend struct Answer;
  friend struct Answer ask(const GateSettings&, Operation, const OwnerId*, const ConnectionId*);
  explicit Admission(Operation operation) : operation_(operation) {}
  Operation operation_;
};

struct Answer {
  std::optional<Admission> admission{};
  Refusal refusal{};
  explicit operator bool() const { return admission.has_value(); }
};

/// Pure and total. `owner` and `connection` may be null where the operation concerns none.
Answer ask(const GateSettings& gate, Operation operation, const OwnerId* owner = nullptr,
           const ConnectionId* connection = nullptr);

/// Whether going from `before` to `after` lets anything in that was shut out: what was missed meanwhile has to be
/// marked due.
struct Release {
  bool everything = false;            ///< a switch came back on: all that `after` admits
  std::vector<std::string> owners{};  ///< newly admitted owners, unless everything
  std::vector<std::string> connections{};
  bool nothing() const { return !everything && owners.empty() && connections.empty(); }
};
Release released(const GateSettings& before, const GateSettings& after, const std::set<Flag>& watched);

/// For calendar_gate_state.
std::string gate_to_json(const GateSettings& gate);
GateSettings gate_from_json(std::string_view text);

}  // namespace calsync::sync
