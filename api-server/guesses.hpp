// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "common/base/time.hpp"

namespace calsync::api {

/// Unknown bearer tokens, counted by the address that showed them: after `allowed` of them each further one has to wait
/// `pause`. Keeps few addresses, the guiltiest longest: IPv6 addresses count by their /64, which one party has whole.
/// One executor.
class Guesses {
 public:
  static constexpr int allowed = 30;
  static constexpr std::chrono::seconds pause{2};
  static constexpr std::size_t most_addresses = 10'000;

  explicit Guesses(const Clock& clock) : clock_(clock) {}
  bool exhausted(const std::string& address);
  void count(const std::string& address);

 private:
  /// When all guesses of the address are forgiven.
  using Forgiven = std::map<std::string, Duration>;
  void make_room();
  const Clock& clock_;
  Forgiven forgiven_;
};

}  // namespace calsync::api
