// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace calsync::net {

/// What a server says about an error helps an operator, but servers echo parameters in it: only plain words are kept,
/// in one line of about `limit` bytes, since tokens and codes have digits, underscores or slashes, or are longer than
/// any word. Everything else becomes "[…]".
std::string plain_words(std::string_view text, std::size_t limit);

}  // namespace calsync::net
