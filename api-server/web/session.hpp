// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "common/base/random.hpp"
#include "common/base/time.hpp"

namespace calsync::api::web {

/// One operator at one browser.
struct Session {
  std::string name;     ///< of the admin token: who it is in the audit
  std::string csrf;     ///< goes with every form
  std::string message;  ///< what the next page says once, "" = nothing
  Duration ends{};      ///< on the monotonic clock
};

/// The sessions of this process, found by a random cookie of which only the SHA-256 is kept. They end after 12 hours,
/// with a logout and with the process; of too many the oldest goes. One executor.
class SessionTable {
 public:
  static constexpr std::chrono::hours life{12};

  SessionTable(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  /// The cookie's value.
  std::string begin(std::string name);
  /// Valid until the next call of begin, find or end.
  Session* find(std::string_view cookie);
  void end(std::string_view cookie);
  std::size_t size() const { return sessions_.size(); }

 private:
  void forget_old();

  const Clock& clock_;
  Random& random_;
  std::map<std::string, Session> sessions_;  ///< by hash
};

/// Bounds guesses at tokens: failed attempts, of one address (a proxy is one) and of all, within five minutes.
class LoginLimit {
 public:
  static constexpr std::chrono::minutes window{5};
  static constexpr std::size_t of_one_address = 10;
  static constexpr std::size_t of_all = 100;

  explicit LoginLimit(const Clock& clock) : clock_(clock) {}

  /// How long the address has to wait; nothing = it may try.
  std::optional<std::chrono::seconds> wait(const std::string& address);
  void failed(const std::string& address);

 private:
  struct Failure {
    Duration at;
    std::string address;
  };
  const Clock& clock_;
  std::deque<Failure> failures_;  ///< the oldest first, never more than of_all
};

}  // namespace calsync::api::web
