// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace calsync::api::web {

/// Markup, a name or a sentence of our own: only a literal of the source becomes one, and it is written as it stands.
class Literal {
 public:
  consteval Literal(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  constexpr std::string_view str() const { return text_; }

 private:
  std::string_view text_;
};

/// The name of an attribute whose value is only text. Those that a browser runs, or fetches or submits to, do not
/// compile: addresses are written by href() and action(), and there is no inline script or style.
class AttributeName {
 public:
  consteval AttributeName(const char* text) : text_(text) {  // NOLINT(google-explicit-constructor)
    if (text_.starts_with("on") || text_ == "style" || text_ == "href" || text_ == "src" || text_ == "srcdoc" ||
        text_ == "action" || text_ == "formaction")
      throw "this attribute may not hold just any text";
  }
  constexpr std::string_view str() const { return text_; }

 private:
  std::string_view text_;
};

/// A place of our own server: a literal, then percent-encoded parts.
class Path {
 public:
  Path(Literal base) : text_(base.str()) {}  // NOLINT(google-explicit-constructor)
  template <std::size_t Size>
  Path(const char (&base)[Size]) : text_(base) {}  // NOLINT(google-explicit-constructor)
  template <std::size_t Size>
  Path(char (&)[Size]) = delete;  // an array that is written to is no literal
  /// A target that a request of ours has come to: visible ASCII, beginning with a single slash; else "/".
  static Path checked(std::string_view target);
  Path segment(std::string_view value) const;
  Path then(Literal more) const;
  Path with(Literal name, std::string_view value) const;  ///< a query parameter; left out where the value is ""
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

/// Any text, made harmless between tags and in quoted attributes alike.
class Text {
 public:
  explicit Text(std::string_view raw);
  const std::string& escaped() const { return escaped_; }

 private:
  std::string escaped_;
};
inline Text text(std::string_view raw) { return Text(raw); }

/// ` name="value"`, with its blank.
class Attribute {
 public:
  std::string_view name() const { return name_; }
  const Text& value() const { return value_; }

 private:
  friend Attribute attribute(AttributeName, std::string_view);
  friend Attribute href(const Path&);
  friend Attribute source(const Path&);
  friend Attribute action(const Path&);
  Attribute(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  std::string_view name_;
  Text value_;
};
inline Attribute attribute(AttributeName name, std::string_view value) { return {name.str(), value}; }
inline Attribute href(const Path& path) { return {"href", path.str()}; }
inline Attribute source(const Path& path) { return {"src", path.str()}; }
inline Attribute action(const Path& path) { return {"action", path.str()}; }

/// A fragment of HTML. It takes literals, escaped text, attributes, numbers and fragments; a string does not compile.
class Html {
 public:
  Html() = default;
  Html(Literal markup) : out_(markup.str()) {}  // NOLINT(google-explicit-constructor)
  template <std::size_t Size>
  Html(const char (&markup)[Size]) : out_(markup) {}  // NOLINT(google-explicit-constructor)
  template <std::size_t Size>
  Html(char (&)[Size]) = delete;
  Html(const Text& text) : out_(text.escaped()) {}  // NOLINT(google-explicit-constructor)

  Html& operator<<(Literal markup) { return put(markup.str()); }
  template <std::size_t Size>
  Html& operator<<(const char (&markup)[Size]) {
    return put(markup);
  }
  template <std::size_t Size>
  Html& operator<<(char (&)[Size]) = delete;
  Html& operator<<(const Text& text) { return put(text.escaped()); }
  Html& operator<<(const Attribute& one) {
    return put(" ").put(one.name()).put("=\"").put(one.value().escaped()).put("\"");
  }
  Html& operator<<(const Html& other) { return put(other.out_); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  Html& operator<<(Number number) {
    return put(std::to_string(number));
  }

  bool empty() const { return out_.empty(); }
  const std::string& str() const { return out_; }

 private:
  Html& put(std::string_view safe) {
    out_.append(safe);
    return *this;
  }
  std::string out_;
};

}  // namespace calsync::api::web
