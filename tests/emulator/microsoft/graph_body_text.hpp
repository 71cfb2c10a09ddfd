// SPDX-License-Identifier: Apache-2.0
// Bodies of events: what was sent as text comes back as HTML.
#pragma once

#include <string>
#include <string_view>

namespace calsync::emulator::microsoft {

std::string html_of_text(std::string_view text);
std::string text_of_html(std::string_view html);

}  // namespace calsync::emulator::microsoft
