// SPDX-License-Identifier: Apache-2.0
#include "partial_response.hpp"

#include <fmt/format.h>

#include "api_error.hpp"
#include "json.hpp"
#include "resource_schema.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr int deepest = 20;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  FieldSelection parse(std::string_view schema) {
    FieldSelection root;
    list(root, schema, 0);
    if (!rest_.empty()) refuse(rest_);
    return root;
  }

 private:
  [[noreturn]] void refuse(std::string_view part) const {
    throw invalid_parameter("fields", fmt::format("Invalid field selection {}", part.substr(0, 100)));
  }

  void list(FieldSelection& into, std::string_view schema, int depth) {
    if (depth > deepest) refuse(text_);
    for (;;) {
      path(into, schema, depth);
      if (rest_.empty() || rest_.front() != ',') return;
      rest_.remove_prefix(1);
    }
  }

  void path(FieldSelection& into, std::string_view schema, int depth) {
    if (depth > deepest) refuse(text_);
    const std::size_t end = std::min(rest_.find_first_of(",/()"), rest_.size());
    const std::string name(trim(rest_.substr(0, end)));
    rest_.remove_prefix(end);
    if (name == "*") {
      into.everything = true;
    } else if (name.empty() || !schema_has(schema, name)) {
      refuse(name.empty() ? text_ : std::string_view(name));
    }
    // A name without a selection of its own means everything below, whatever else is said about it.
    const bool known = into.children.contains(name);
    FieldSelection& child = into.children[name];
    const std::string_view child_schema = name == "*" ? "" : schema_of_member(schema, name);
    if (!rest_.empty() && (rest_.front() == '/' || rest_.front() == '(')) {
      if (known && child.children.empty()) child.everything = true;
      const bool group = rest_.front() == '(';
      rest_.remove_prefix(1);
      if (!group) return path(child, child_schema, depth + 1);
      list(child, child_schema, depth + 1);
      if (rest_.empty() || rest_.front() != ')') refuse(text_);
      rest_.remove_prefix(1);
      return;
    }
    child.everything = true;
  }

  std::string_view text_, rest_;
};

void prune(JsonValue& value, const FieldSelection& selection, Json& owner) {
  if (value.IsArray()) {
    for (JsonValue& item : value.GetArray()) prune(item, selection, owner);
    return;
  }
  if (selection.everything && !selection.children.contains("*")) return;
  if (!value.IsObject()) return;
  const auto star = selection.children.find("*");
  for (auto it = value.MemberBegin(); it != value.MemberEnd();) {
    auto child = selection.children.find(std::string_view(it->name.GetString(), it->name.GetStringLength()));
    if (child == selection.children.end()) child = star;
    if (child == selection.children.end()) {
      it = value.EraseMember(it);
    } else {
      prune(it->value, child->second, owner);
      ++it;
    }
  }
}

}  // namespace

FieldSelection parse_fields(std::string_view text, std::string_view operation) {
  Parser parser(text);
  return parser.parse(schema_of_operation(operation));
}

std::string select_fields(const std::string& body, const FieldSelection& selection) {
  Json document;
  if (!parse_json(body, document)) return body;
  prune(document, selection, document);
  return json_text(document);
}

}  // namespace calsync::emulator
