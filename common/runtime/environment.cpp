// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/environment.hpp"

#include <unistd.h>

#include <cctype>
#include <cstdlib>

namespace calsync {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool is_name(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front()))) return false;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

/// One pass over the text. The rules of each part follow systemd.exec(5), "EnvironmentFile=".
class EnvironmentFile {
 public:
  explicit EnvironmentFile(std::string_view text) : text_(text) {}

  Result<Environment> read() {
    Environment entries;
    while (skip_to_entry()) {
      auto name = read_name();
      if (!name) return name.error();
      auto value = read_value();
      if (!value) return value.error();
      entries.insert_or_assign(*std::move(name), *std::move(value));
    }
    return entries;
  }

 private:
  bool at_end() const { return position_ == text_.size(); }
  char peek() const { return text_[position_]; }
  char next() {
    const char c = text_[position_++];
    if (c == '\n') ++line_;
    return c;
  }
  Error wrong(int line, const char* why) const {
    return fail(Failure::invalid_input, "line " + std::to_string(line) + " of the environment file " + why);
  }

  /// Over empty lines and comments. A comment, too, goes on after a backslash at the end of its line.
  bool skip_to_entry() {
    while (!at_end()) {
      if (is_blank(peek()) || peek() == '\n') {
        next();
      } else if (peek() == '#' || peek() == ';') {
        skip_comment();
      } else {
        return true;
      }
    }
    return false;
  }

  void skip_comment() {
    while (!at_end()) {
      const char c = next();
      if (c == '\n') return;
      if (c == '\\' && !at_end()) next();
    }
  }

  Result<std::string> read_name() {
    const int line = line_;
    const auto start = position_;
    while (!at_end() && peek() != '=' && peek() != '\n') next();
    if (at_end() || peek() == '\n') return wrong(line, "has no '='");
    std::string name(text_.substr(start, position_ - start));
    while (!name.empty() && is_blank(name.back())) name.pop_back();
    next();
    if (!is_name(name)) return wrong(line, "does not start with a name of letters, digits and '_'");
    return name;
  }

  Result<std::string> read_value() {
    std::string value;
    const int line = line_;
    while (!at_end() && is_blank(peek())) next();
    while (!at_end() && (peek() == '"' || peek() == '\'')) {
      const bool closed = next_quoted(value);
      if (!closed) return wrong(line, "opens a quote that is never closed");
      while (!at_end() && is_blank(peek())) next();
    }
    read_bare(value);
    if (value.find('\0') != std::string::npos) return wrong(line, "holds a NUL byte");
    return value;
  }

  /// The inside of quotes, which may span lines. In single quotes nothing is special.
  bool next_quoted(std::string& value) {
    const char quote = next();
    while (!at_end()) {
      const char c = next();
      if (c == quote) return true;
      if (c != '\\' || quote == '\'') {
        value += c;
        continue;
      }
      if (at_end()) return false;
      const char escaped = next();
      if (escaped == '\n') continue;
      if (std::string_view("\"\\`$").find(escaped) == std::string_view::npos) value += '\\';
      value += escaped;
    }
    return false;
  }

  /// Up to the end of the line, without trailing blanks; a quote in the middle is an ordinary character.
  void read_bare(std::string& value) {
    auto keep = value.size();
    while (!at_end()) {
      char c = next();
      if (c == '\n') break;
      if (c == '\\') {
        if (at_end()) break;
        c = next();
        if (c == '\n') continue;
        value += c;
        keep = value.size();
        continue;
      }
      value += c;
      if (!is_blank(c)) keep = value.size();
    }
    value.resize(keep);
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Environment read_environment() {
  Environment entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    // The first of two equal names is the one getenv sees.
    if (equals != std::string_view::npos) entries.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return entries;
}

Result<Environment> parse_environment_file(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark would become part of the first name
  return EnvironmentFile(text).read();
}

}  // namespace calsync
