// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "api-server/http.hpp"
#include "common/base/result.hpp"

namespace calsync::api::web {

/// The fields of a posted form, each at most once.
class Form {
 public:
  explicit Form(std::map<std::string, std::string> fields) : fields_(std::move(fields)) {}
  /// "" when the form has no such field.
  const std::string& text(const std::string& name) const;

 private:
  std::map<std::string, std::string> fields_;
};

/// Strictly application/x-www-form-urlencoded: declared once and as that, at most 16 KiB and 64 fields of valid UTF-8
/// without control characters, none of them twice or outside `known`. failure invalid_input with the sentence.
Result<Form> read_form(const Request& request, const std::set<std::string>& known);
/// The same with any field names: for checks that come before the page's own.
Result<Form> read_any_form(const Request& request);

}  // namespace calsync::api::web
