// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/net/http.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::contract {

/// Where whatever host a URL names the emulator answers.
inline constexpr const char* origin = "http://provider.sim";

/// The emulator in this process and in virtual time. Its headers and the product's do not go together: both bring
/// RapidJSON.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  testing::VirtualClock& clock();
  net::HttpTransport& transport();
  /// A call of the control plane; its body. Throws when it is refused.
  std::string call(const std::string& method, const std::string& path, const std::string& body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace calsync::contract
