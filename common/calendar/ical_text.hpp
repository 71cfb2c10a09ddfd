// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace calsync::calendar {

/// The content lines of a file: unfolded (RFC 5545 section 3.1), valid UTF-8, without control characters but TAB. Takes
/// what calendars of the wild are made of: UTF-16, a byte order mark, bare LF or CR line ends, folds inside a
/// character. A line that is not UTF-8 is read as Windows-1252; each line is judged alone, so that one bad byte does
/// not garble a file.
std::vector<std::string> unfold(std::string_view bytes);

/// TEXT values (RFC 5545 section 3.3.11): "\n", "\,", "\;", "\\", and also "\:" and "\"" that exporters write.
std::string unescape_text(std::string_view value);

bool is_utf8(std::string_view text);
std::string upper_case(std::string_view text);
std::string_view trim_blanks(std::string_view text);

}  // namespace calsync::calendar
