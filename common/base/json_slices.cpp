// SPDX-License-Identifier: Apache-2.0
#include "common/base/json_slices.hpp"

namespace calsync::json {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// The position after the string that begins at `at`, or npos when it does not end.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// The position after the object or array that begins at `at`, or npos.
std::size_t after_nested(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = after_string(text, at);
      if (at == std::string_view::npos) return at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return std::string_view::npos;
}

/// Walks over what stands between the brackets of one object or array.
class Cutter {
 public:
  /// Empty when `text` is not bracketed like this, blanks around it aside.
  static std::optional<Cutter> between(std::string_view text, char open, char close) {
    const auto first = text.find_first_not_of(blanks);
    const auto last = text.find_last_not_of(blanks);
    if (first == std::string_view::npos || first == last || text[first] != open || text[last] != close)
      return std::nullopt;
    return Cutter(text.substr(first + 1, last - first - 1));
  }

  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool take(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  /// The text of the value that begins here; empty when there is none.
  Slice value() {
    skip_blanks();
    const std::size_t start = at_;
    if (start == text_.size()) return {};
    if (text_[start] == '"') {
      at_ = after_string(text_, start);
    } else if (text_[start] == '{' || text_[start] == '[') {
      at_ = after_nested(text_, start);
    } else {
      at_ = text_.find_first_of(",:]} \t\r\n", start);
      if (at_ == std::string_view::npos) at_ = text_.size();
    }
    if (at_ == std::string_view::npos) {
      at_ = start;
      return {};
    }
    return text_.substr(start, at_ - start);
  }
  /// The (key, value) that begins here; nothing when there is none.
  std::optional<std::pair<Slice, Slice>> member() {
    const Slice key = value();
    if (key.size() < 2 || key.front() != '"' || !take(':')) return std::nullopt;
    const Slice what = value();
    if (what.empty()) return std::nullopt;
    return std::pair(key.substr(1, key.size() - 2), what);
  }

 private:
  explicit Cutter(std::string_view text) : text_(text) {}
  void skip_blanks() {
    at_ = text_.find_first_not_of(blanks, at_);
    if (at_ == std::string_view::npos) at_ = text_.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `token` begins with a sign or a digit.
bool is_absurd(std::string_view token) {
  const auto exponent = token.find_first_of("eE");
  if (exponent == std::string_view::npos) return token.size() > 400;
  const auto digits = token.find_first_not_of("+-0", exponent + 1);
  return token.size() > 400 || (digits != std::string_view::npos && token.size() - digits > 3);
}

}  // namespace

std::optional<std::vector<std::pair<Slice, Slice>>> member_slices(std::string_view object) {
  auto cutter = Cutter::between(object, '{', '}');
  if (!cutter) return std::nullopt;
  std::vector<std::pair<Slice, Slice>> members;
  if (cutter->at_end()) return members;
  do {
    const auto one = cutter->member();
    if (!one) return std::nullopt;
    members.push_back(*one);
  } while (cutter->take(','));
  if (!cutter->at_end()) return std::nullopt;
  return members;
}

std::optional<std::vector<Slice>> element_slices(std::string_view array) {
  auto cutter = Cutter::between(array, '[', ']');
  if (!cutter) return std::nullopt;
  std::vector<Slice> elements;
  if (cutter->at_end()) return elements;
  do {
    const Slice element = cutter->value();
    if (element.empty()) return std::nullopt;
    elements.push_back(element);
  } while (cutter->take(','));
  if (!cutter->at_end()) return std::nullopt;
  return elements;
}

std::optional<Slice> member_slice(std::string_view object, std::string_view name) {
  auto cutter = Cutter::between(object, '{', '}');
  if (!cutter) return std::nullopt;
  do {
    const auto one = cutter->member();
    if (!one) return std::nullopt;
    if (one->first == name) return one->second;
  } while (cutter->take(','));
  return std::nullopt;
}

std::string without_nul_escapes(std::string_view json) {
  constexpr std::string_view nul = "\\u0000";
  std::string out(json);
  for (std::size_t i = out.find('\\'); i != std::string::npos; i = out.find('\\', i + 2)) {
    if (std::string_view(out).substr(i).starts_with(nul)) out.replace(i, nul.size(), "\\ufffd");
  }
  return out;
}

bool has_absurd_number(std::string_view json) {
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] == '"') {
      at = after_string(json, at);
      if (at == std::string_view::npos) return false;
    } else if (is_digit(json[at]) || json[at] == '-') {
      std::size_t end = json.find_first_not_of("+-.eE0123456789", at);
      if (end == std::string_view::npos) end = json.size();
      if (is_absurd(json.substr(at, end - at))) return true;
      at = end;
    } else {
      ++at;
    }
  }
  return false;
}

}  // namespace calsync::json
