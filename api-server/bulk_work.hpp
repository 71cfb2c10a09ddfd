// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string>

#include "common/async/clock.hpp"
#include "common/async/task.hpp"
#include "common/store/bulk_store.hpp"

namespace calsync::api {

struct Services;

/// Works bulk actions off beside the requests, each as a coroutine that begins a portion, does it, and takes a breath
/// in which a stop can come. What this process has begun and not finished when it stops is written down as interrupted.
class BulkWork {
 public:
  explicit BulkWork(AsyncClock& clock) : clock_(clock) {}
  void begin(asio::any_io_executor executor, const Services& services, std::string id, store::OperatorAction action);
  /// No further portion.
  void stop() { stopping_ = true; }
  Task<void> ended(Deadline deadline);

 private:
  Task<void> work_off(const Services& services, std::string id, store::OperatorAction action);
  Task<void> portions(const Services& services, std::string id, store::OperatorAction action);

  AsyncClock& clock_;
  bool stopping_ = false;
  int running_ = 0;
};

}  // namespace calsync::api
