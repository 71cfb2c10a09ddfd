// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/event_reader_contract/world.hpp"

#include "tests/simulation/provider/test_world.hpp"

namespace calsync::contract {

struct World::Parts {
  simulation::testing::TestWorld world;
};

World::World() : parts_(std::make_unique<Parts>()) {}
World::~World() = default;

testing::VirtualClock& World::clock() { return parts_->world.clock; }
net::HttpTransport& World::transport() { return parts_->world.transport; }

std::string World::call(const std::string& method, const std::string& path, const std::string& body) {
  return parts_->world.world.call(method, path, body).body;
}

}  // namespace calsync::contract
