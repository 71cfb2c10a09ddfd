// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/base/result.hpp"

namespace calsync::net {

using Addresses = std::vector<boost::asio::ip::address>;

/// Names to addresses, in the order in which they should be tried. failure network: the name has none.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual Task<Result<Addresses>> resolve(std::string host) = 0;
};

/// The system's resolver (getaddrinfo) on a few threads of its own. Asio's has one thread for everybody and cannot be
/// cancelled, so one feed on a dead name server would hold up every other connection for many seconds. Cancelling the
/// waiting coroutine ends the wait at once. Its destructor waits for lookups under way.
std::unique_ptr<Resolver> make_system_resolver();

}  // namespace calsync::net
