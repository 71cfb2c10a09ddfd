// SPDX-License-Identifier: Apache-2.0
#include "event_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

using Node = EventFilter::Node;
using Kind = Node::Kind;

constexpr std::array<std::string_view, 19> filterable{
    "subject",        "start/dateTime",  "end/dateTime",
    "isAllDay",       "isCancelled",     "isOrganizer",
    "type",           "showAs",          "sensitivity",
    "importance",     "iCalUId",         "uid",
    "seriesMasterId", "createdDateTime", "lastModifiedDateTime",
    "hasAttachments", "transactionId",   "organizer/emailAddress/address",
    "bodyPreview"};
constexpr std::array<std::string_view, 6> comparisons{"eq", "ne", "gt", "ge", "lt", "le"};

[[noreturn]] void refuse(std::string_view what) {
  throw bad_request("ErrorInvalidUrlQueryFilter",
                    fmt::format("The query filter contains one or more invalid nodes: {}", what));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::unique_ptr<Node> whole() {
    auto node = either();
    skip();
    if (at_ < text_.size()) refuse(text_.substr(at_));
    return node;
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    skip();
    if (!equal_ignoring_case(text_.substr(at_, token.size()), token)) return false;
    at_ += token.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    const std::size_t after = at_ + word.size();
    if (after < text_.size() && text_[after] != ' ' && text_[after] != '(') return false;
    return take(word);
  }
  std::string_view word() {
    skip();
    const std::size_t from = at_;
    while (at_ < text_.size() && std::string_view(" ,()'").find(text_[at_]) == std::string_view::npos) ++at_;
    if (at_ == from) refuse(text_.substr(from));
    return text_.substr(from, at_ - from);
  }
  void read_value(Node& node) {
    skip();
    if (at_ >= text_.size() || text_[at_] != '\'') {
      node.value = word();
      node.literal = true;
      return;
    }
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\'')) {
        ++at_;
        return;
      }
      if (text_[at_] == '\'') ++at_;  // doubled
      node.value += text_[at_];
    }
    refuse("an unterminated text");
  }
  static std::string path_of(std::string_view name) {
    const auto known =
        std::ranges::find_if(filterable, [&](std::string_view each) { return equal_ignoring_case(each, name); });
    if (known == filterable.end()) refuse(name);
    return std::string(*known);
  }

  std::unique_ptr<Node> joined(Kind kind, std::string_view word, auto next) {
    auto node = next();
    while (take_word(word)) {
      auto both = std::make_unique<Node>();
      both->kind = kind;
      both->parts.push_back(std::move(node));
      both->parts.push_back(next());
      node = std::move(both);
    }
    return node;
  }
  std::unique_ptr<Node> either() {
    return joined(Kind::either, "or", [this] { return both(); });
  }
  std::unique_ptr<Node> both() {
    return joined(Kind::both, "and", [this] { return single(); });
  }

  std::unique_ptr<Node> single() {
    auto node = std::make_unique<Node>();
    if (take_word("not")) {
      node->kind = Kind::negated;
      node->parts.push_back(single());
      return node;
    }
    if (take("(")) {
      node = either();
      if (!take(")")) refuse("a parenthesis is missing");
      return node;
    }
    for (const auto& [name, kind] : {std::pair{"startswith(", Kind::starts}, {"contains(", Kind::contains}}) {
      if (!take(name)) continue;
      node->kind = kind;
      node->path = path_of(word());
      if (!take(",")) refuse(name);
      read_value(*node);
      if (!take(")")) refuse(name);
      return node;
    }
    if (take("singleValueExtendedProperties/any(")) return extended();
    node->path = path_of(word());
    node->comparison = lower(word());
    if (std::ranges::find(comparisons, node->comparison) == comparisons.end()) refuse(node->comparison);
    read_value(*node);
    return node;
  }

  // ep: ep/id eq '…' and ep/value eq '…'
  std::unique_ptr<Node> extended() {
    auto node = std::make_unique<Node>();
    node->kind = Kind::property;
    const std::string variable(word());
    for (int part = 0; part < 2; ++part) {
      if (part == 1 && !take_word("and")) break;
      const std::string_view name = word();
      if (lower(word()) != "eq") refuse("an extended property is compared with eq");
      Node side;
      read_value(side);
      (name.ends_with("/id") ? node->path : node->value) = side.value;
    }
    if (!take(")") || node->path.empty()) refuse(variable);
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string text_at(const JsonValue& event, std::string_view path) {
  const JsonValue* value = at_path(event, path);
  if (!value || value->IsNull()) return "null";
  if (value->IsBool()) return value->GetBool() ? "true" : "false";
  return value->IsString() ? value->GetString() : json_text(*value);
}

int compared(const JsonValue& event, const Node& node) {
  const std::string text = text_at(event, node.path);
  if (lower(node.path).ends_with("datetime")) {
    const auto left = parse_rfc3339(text), right = parse_rfc3339(node.value);
    if (!right) refuse(node.value);
    if (left) {
      const std::int64_t a = (left->local_seconds - left->utc_offset.value_or(0)) * 1000 + left->milliseconds;
      const std::int64_t b = (right->local_seconds - right->utc_offset.value_or(0)) * 1000 + right->milliseconds;
      return a < b ? -1 : a > b ? 1 : 0;
    }
  }
  if (equal_ignoring_case(text, node.value)) return 0;
  return lower(text) < lower(node.value) ? -1 : 1;
}

bool holds(const Node& node, const JsonValue& event, const Content& content) {
  switch (node.kind) {
    case Kind::both:
      return holds(*node.parts[0], event, content) && holds(*node.parts[1], event, content);
    case Kind::either:
      return holds(*node.parts[0], event, content) || holds(*node.parts[1], event, content);
    case Kind::negated:
      return !holds(*node.parts[0], event, content);
    case Kind::starts:
      return lower(text_at(event, node.path)).starts_with(lower(node.value));
    case Kind::contains:
      return lower(text_at(event, node.path)).find(lower(node.value)) != std::string::npos;
    case Kind::property: {
      const auto found = content.properties.find(node.path);
      return found != content.properties.end() && found->second == node.value;
    }
    case Kind::compare:
      break;
  }
  const int order = compared(event, node);
  if (node.comparison == "eq") return order == 0;
  if (node.comparison == "ne") return order != 0;
  if (node.comparison == "gt") return order > 0;
  if (node.comparison == "ge") return order >= 0;
  return node.comparison == "lt" ? order < 0 : order <= 0;
}

}  // namespace

EventFilter EventFilter::read(const GraphCall& call) {
  EventFilter filter;
  const std::string* text = call.request.query.find("$filter");
  if (text && !trim(*text).empty()) filter.root_ = Parser(trim(*text)).whole();
  return filter;
}

bool EventFilter::matches(const JsonValue& event, const Content& content) const {
  return !root_ || holds(*root_, event, content);
}

}  // namespace calsync::emulator::microsoft
