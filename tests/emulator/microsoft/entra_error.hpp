// SPDX-License-Identifier: Apache-2.0
// Refusals of the token endpoint ("Microsoft Entra authentication and authorization error codes").
#pragma once

#include <string_view>

#include "tests/emulator/http_message.hpp"

namespace calsync::emulator::microsoft {

struct AadError {
  int code;
  unsigned status;
  std::string_view error, suberror, text;
};

const AadError* aad_error(int code);  // null for a number that is not in the table
// `text` replaces the usual one.
Response entra_error(int code, std::string_view text = {});
// The first line of a description, as redirects carry it too.
std::string aad_description(int code, std::string_view text = {});

}  // namespace calsync::emulator::microsoft
