// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/provider/dice.hpp"
#include "tests/simulation/provider/emulated_world.hpp"
#include "tests/simulation/provider/feed_event.hpp"

namespace calsync::simulation {

/// Writes one ICS feed of a world and knows what its events mean, because it wrote them.
class FeedAuthor {
 public:
  /// Publishes a feed of a few events. With validators unchanged feeds are answered with 304.
  FeedAuthor(EmulatedWorld& world, Random& random, std::string name, bool validators = true);

  std::string url() const;
  const std::string& time_zone() const { return zone_; }
  /// One change of its contents, published.
  void mutate();
  /// One more event, published.
  void add(FeedEvent event);
  /// What a complete mirror of the feed holds, without etags, by event id.
  std::map<std::string, CanonicalRow> truth() const;

 private:
  FeedEvent new_event();
  void add_exception();
  void edit(FeedEvent& event);
  void remove(std::size_t index);
  void publish();

  EmulatedWorld& world_;
  Dice dice_;
  std::string name_, zone_;
  bool validators_;
  int made_ = 0;
  std::vector<FeedEvent> events_;
};

}  // namespace calsync::simulation
