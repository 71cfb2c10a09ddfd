// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/clock.hpp"
#include "tests/emulator/provider.hpp"
#include "tests/emulator/service.hpp"
#include "tests/simulation/provider/network_faults.hpp"

namespace calsync::simulation {

/// The client that a world's emulator knows, for the product's configuration.
inline constexpr std::string_view client_id = "sim-client", client_secret = "sim-secret",
                                  redirect_uri = "https://calsync.sim/callback";
/// Whatever host a URL names, the emulator answers; this one reads well in failures.
inline constexpr std::string_view provider_origin = "https://provider.sim";

/// The provider's side of one simulated world: an emulator whose time is `clock` and whose randomness is `seed`. Both
/// are of the process, so there is one world at a time. The emulator's time is what has passed on Clock::monotonic()
/// since the start: a worker whose wall clock jumps does not move the provider.
class EmulatedWorld {
 public:
  EmulatedWorld(const Clock& clock, std::uint64_t seed);
  ~EmulatedWorld();
  EmulatedWorld(const EmulatedWorld&) = delete;
  EmulatedWorld& operator=(const EmulatedWorld&) = delete;

  emulator::Provider provider;
  NetworkFaults network;

  Time now() const;
  /// A call of the emulator's control plane or API, beside every transport, trouble of the network and latency. Control
  /// calls are not logged.
  emulator::Response try_call(std::string_view method, std::string_view target, std::string body = {},
                              std::string_view access_token = {});
  /// The same; throws std::logic_error when the answer is no success.
  emulator::Response call(std::string_view method, std::string_view target, std::string body = {},
                          std::string_view access_token = {});

  /// A call whose answer waits for something, and whose caller is gone: the provider comes to its end all the same.
  void abandon(emulator::Wait wait);
  /// Ends those that are ready, or have waited for too long.
  void finish_abandoned();

 private:
  const Clock& clock_;
  Time start_;
  Duration started_;
  std::vector<std::pair<Time, emulator::Wait>> abandoned_;
};

/// What a calendar of a new account is.
struct WantedCalendar {
  std::string id{};
  std::string name{};
  std::string time_zone = "Europe/Berlin";
  std::string role = "owner";
};

struct Grant {
  std::string email{}, subject{};  ///< `subject` is what the provider calls the account
  std::string access_token{}, refresh_token{};
  std::chrono::seconds life{};  ///< of the access token
};

/// Google's: an account with a primary calendar (its id is the address) and these, and a grant of it for the emulator's
/// client.
Grant make_account(EmulatedWorld& world, const std::string& email, const std::vector<WantedCalendar>& calendars);
/// Another grant of an account of either vendor, as after connecting again.
Grant grant_again(EmulatedWorld& world, const std::string& email);

}  // namespace calsync::simulation
