// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/form.hpp"

#include <algorithm>

#include "common/base/repeatable.hpp"
#include "common/calendar/ical_text.hpp"
#include "common/http/http_syntax.hpp"
#include "common/net/url.hpp"

namespace calsync::api::web {
namespace {

constexpr std::size_t largest_form = 16 * 1024;
constexpr std::size_t most_fields = 64;

Error invalid(std::string sentence) { return fail(Failure::invalid_input, std::move(sentence)); }

bool declares_form(const Request& request) {
  const auto types = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const http::Header& one) { return one.first == "content-type"; });
  const std::string_view value = request.header("content-type");
  return types == 1 &&
         http::lower_case(http::trim(value.substr(0, value.find(';')))) == "application/x-www-form-urlencoded";
}

bool is_clean(std::string_view text) {
  return calendar::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) { return http::is_control(c); });
}

Result<Form> read(const Request& request, const std::set<std::string>* known) {
  if (!declares_form(request)) return invalid("a form must be declared as application/x-www-form-urlencoded");
  if (request.body.size() > largest_form) return invalid("the form is larger than 16 KiB");
  const auto pairs = net::parse_query(request.body);
  if (!pairs) return invalid("the form has a bad escape");
  if (pairs->size() > most_fields) return invalid("the form has more than 64 fields");
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : *pairs) {
    if (!is_clean(name) || !is_clean(value)) return invalid("the form holds control characters or is not UTF-8 text");
    if (known && !known->contains(name)) return invalid("unknown field " + unknown_name(name, *known));
    if (!fields.emplace(name, value).second) return invalid("the field \"" + name + "\" is given twice");
  }
  return Form(std::move(fields));
}

}  // namespace

const std::string& Form::text(const std::string& name) const {
  static const std::string none;
  const auto found = fields_.find(name);
  return found == fields_.end() ? none : found->second;
}

Result<Form> read_form(const Request& request, const std::set<std::string>& known) { return read(request, &known); }

Result<Form> read_any_form(const Request& request) { return read(request, nullptr); }

}  // namespace calsync::api::web
