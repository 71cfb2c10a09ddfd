// SPDX-License-Identifier: Apache-2.0
// The `fields` parameter: a/b, a(b,c), *.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace calsync::emulator {

struct FieldSelection {
  std::map<std::string, FieldSelection, std::less<>> children;  // empty: everything below
  bool everything = false;                                      // a `*` at this level
};

// Unknown names are refused as Google does (400 invalidParameter, thrown as ApiError).
FieldSelection parse_fields(std::string_view text, std::string_view operation);
std::string select_fields(const std::string& body, const FieldSelection& selection);

}  // namespace calsync::emulator
