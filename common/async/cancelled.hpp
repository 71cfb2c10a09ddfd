// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

namespace calsync {

/// Whether `failure` is what a cancelled coroutine ends with: a system_error of code operation_aborted.
bool is_cancellation(const std::exception_ptr& failure);

}  // namespace calsync
