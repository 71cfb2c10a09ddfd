// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace calsync::http {

// The characters of RFC 9110, for the gate, the chunk decoder and the answers.

/// Section 5.6.2.
bool is_token(std::string_view text);
/// 0x00-0x1f and 0x7f.
bool is_control(char c);
/// Visible characters, blanks, tabs and obs-text (section 5.5).
bool is_field_value(std::string_view text);
/// "name: value" of a token and a field value; no blank before the colon, nothing folded.
bool is_field_line(std::string_view line);
char lower(char c);  ///< of ASCII letters only, whatever the locale
std::string lower_case(std::string_view text);
/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

}  // namespace calsync::http
