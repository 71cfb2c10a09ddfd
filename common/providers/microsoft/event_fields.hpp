// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/calendar/event.hpp"

namespace calsync::microsoft {

/// Enumeration values are compared in any case: documents and answers do not agree.
bool same_word(std::string_view a, std::string_view b);

/// The item's etag, else its changeKey, else a digest of its bytes.
std::string version_of(const json::Value& item, const std::string& raw);

/// What every kind of event has: everything but its place in a series. Null and absent are the same. failure malformed
/// says what is wrong, in a sentence.
Result<calendar::Event> read_event(const json::Value& item, const std::string& raw);

}  // namespace calsync::microsoft
