// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/inputs.hpp"

#include <charconv>

#include "api-server/http.hpp"
#include "common/base/repeatable.hpp"

namespace calsync::api {
namespace {

Error invalid(std::string message) { return fail(Failure::invalid_input, std::move(message)); }

Result<std::int64_t> in_range(const std::string& name, std::optional<std::int64_t> value, std::int64_t low,
                              std::int64_t high) {
  if (!value || *value < low || *value > high) {
    return invalid(name + " must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return *value;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// JSON may spell a NUL character; no text of ours has one, and the database refuses them.
bool is_text(const json::Value& value) {
  return value.IsString() &&
         std::string_view(value.GetString(), value.GetStringLength()).find('\0') == std::string::npos;
}

}  // namespace

std::optional<std::string> QueryInput::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

Result<std::optional<std::int64_t>> QueryInput::integer(const std::string& name, std::int64_t low,
                                                        std::int64_t high) const {
  const auto found = text(name);
  if (!found) return std::optional<std::int64_t>();
  const auto value = in_range(name, whole_number(*found), low, high);
  if (!value) return value.error();
  return std::optional(*value);
}

Result<std::optional<Time>> QueryInput::time(const std::string& name) const {
  const auto found = text(name);
  if (!found) return std::optional<Time>();
  const auto value = parse_rfc3339(*found);
  if (!value) return invalid(name + " must be an RFC 3339 time such as 2026-03-02T09:00:00Z");
  return value;
}

Result<QueryInput> read_query(const Request& request, const std::set<std::string>& known) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : request.query) {
    if (!known.contains(name)) return invalid("unknown query parameter " + unknown_name(name, known));
    if (!values.emplace(name, value).second) return invalid("the query parameter \"" + name + "\" is given twice");
  }
  return QueryInput(std::move(values));
}

Result<BodyInput> read_body(const Request& request, const std::set<std::string>& known) {
  auto document = json_body(request, known);
  if (!document) return document.error();
  return BodyInput(*std::move(document));
}

Result<std::optional<std::string>> BodyInput::text(const std::string& name) const {
  const json::Value* value = json::member(document_, name);
  if (!value) return std::optional<std::string>();
  if (!is_text(*value)) return invalid(name + " must be a text without NUL characters");
  return std::optional<std::string>(std::in_place, value->GetString(), value->GetStringLength());
}

Result<std::optional<bool>> BodyInput::flag(const std::string& name) const {
  const json::Value* value = json::member(document_, name);
  if (!value) return std::optional<bool>();
  if (!value->IsBool()) return invalid(name + " must be true or false");
  return std::optional<bool>(value->GetBool());
}

Result<std::optional<std::int64_t>> BodyInput::integer(const std::string& name, std::int64_t low,
                                                       std::int64_t high) const {
  const json::Value* value = json::member(document_, name);
  if (!value) return std::optional<std::int64_t>();
  const auto number = in_range(name, value->IsInt64() ? std::optional(value->GetInt64()) : std::nullopt, low, high);
  if (!number) return number.error();
  return std::optional(*number);
}

Result<std::optional<std::vector<std::string>>> BodyInput::texts(const std::string& name) const {
  const json::Value* value = json::member(document_, name);
  if (!value) return std::optional<std::vector<std::string>>();
  if (!value->IsArray()) return invalid(name + " must be a list of texts");
  std::vector<std::string> texts;
  for (const json::Value& one : value->GetArray()) {
    if (!is_text(one)) return invalid(name + " must be a list of texts without NUL characters");
    texts.emplace_back(one.GetString(), one.GetStringLength());
  }
  return std::optional(std::move(texts));
}

}  // namespace calsync::api
