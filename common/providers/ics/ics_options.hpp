// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "common/base/quota.hpp"

namespace calsync::ics {

struct Options {
  std::size_t max_bytes = 16 * 1024 * 1024;  ///< of a feed, after decompression; a longer one is failure malformed
  bool allow_insecure = false;               ///< `webcal:` means plain http then
  Quota account_calls{};
  Quota host_calls{};
  int full_reads = 0;
};

}  // namespace calsync::ics
