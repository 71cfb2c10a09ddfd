// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/net/byte_stream.hpp"

namespace calsync::net {

/// Idle keep-alive connections by origin. The one used last is given out first, so that the surplus grows old and is
/// closed; what is too old goes whenever the pool is touched. One thread.
class ConnectionPool {
 public:
  struct Limits {
    Duration idle_timeout;
    std::size_t per_origin;
    std::size_t total;
  };
  ConnectionPool(const Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

  /// A connection that is neither ended by the peer nor has unread bytes; null = open a new one.
  std::unique_ptr<ByteStream> take(const std::string& origin);
  /// Keeps it while its origin has room; beyond the total, the one unused for longest is closed.
  void put(const std::string& origin, std::unique_ptr<ByteStream> stream);
  std::size_t idle() const { return by_age_.size(); }

 private:
  struct Idle {
    std::string origin;
    std::unique_ptr<ByteStream> stream;
    Duration since;
  };
  using Place = std::list<Idle>::iterator;

  void close_oldest();
  void close_aged();

  const Clock& clock_;
  Limits limits_;
  std::list<Idle> by_age_;                               ///< oldest first
  std::map<std::string, std::vector<Place>> by_origin_;  ///< oldest first
};

}  // namespace calsync::net
