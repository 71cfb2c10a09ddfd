// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace calsync::net {

/// The content of a gzip stream (RFC 1952), of one member or several. Checks length and CRC-32. failure malformed: not
/// gzip, cut short, altered, or longer than `max_bytes` decoded; no more than that is ever allocated.
Result<std::string> gunzip(std::string_view compressed, std::size_t max_bytes);

}  // namespace calsync::net
