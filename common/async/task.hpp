// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace calsync {

namespace asio = boost::asio;

/// A coroutine on the daemon's one thread. Parameters are taken by value unless the object outlives the process stage.
template <class T>
using Task = asio::awaitable<T>;

}  // namespace calsync
