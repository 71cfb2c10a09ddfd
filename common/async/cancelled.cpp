// SPDX-License-Identifier: Apache-2.0
#include "common/async/cancelled.hpp"

#include "common/async/task.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/system/system_error.hpp>

namespace calsync {

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted ||
           error.code() == boost::asio::experimental::error::channel_cancelled;
  } catch (...) {
    return false;
  }
}

}  // namespace calsync
