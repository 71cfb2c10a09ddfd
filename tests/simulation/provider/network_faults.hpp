// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace calsync::simulation {

/// What the way to a provider does to one request.
enum class Trouble {
  refused,            ///< nobody listens
  dns_fails,          ///< the name has no address
  dns_moves,          ///< the name leads to a machine of somebody else's
  dns_moves_inside,   ///< the name leads into a private network
  tls_fails,          ///< the certificate is not accepted
  reset_before_send,  ///< the connection breaks, the call never arrives
  reset_after_send,   ///< the call takes effect, its answer is lost
  stall,              ///< connected, and then nothing until the caller's deadline; the call never arrives
  stall_after_send,   ///< the same, but the call takes effect
  drip                ///< the answer comes, byte by byte: `slowness` later
};

struct NetworkFault {
  Trouble trouble = Trouble::refused;
  std::string url_part{};  ///< hits requests whose URL contains this; empty = all
  int times = 1;
  Time until = Time::max();
  Duration slowness{};
  int fired = 0;
  bool spent(Time now) const { return fired >= times || now >= until; }
};

/// Troubles in the order in which they were ordered; the first that fits hits. One world's transports share them.
class NetworkFaults {
 public:
  /// The reference stays valid until clear().
  NetworkFault& order(NetworkFault fault) { return faults_.emplace_back(std::move(fault)); }
  /// The fault that hits a request, counted as fired; null = none.
  const NetworkFault* hit(std::string_view url, Time now);
  void clear() { faults_.clear(); }

 private:
  std::deque<NetworkFault> faults_;
};

}  // namespace calsync::simulation
