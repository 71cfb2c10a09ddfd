// SPDX-License-Identifier: Apache-2.0
// The only file that includes RapidJSON, so that its switches are the same everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace calsync::emulator {
struct JsonMisuse : std::logic_error {
  using std::logic_error::logic_error;
};
[[noreturn]] void throw_json_misuse(const char* expression);
}  // namespace calsync::emulator

// A namespace of its own: a process that also links another user of RapidJSON, with other assertions, keeps both apart.
#define RAPIDJSON_NAMESPACE calsync::emulator::rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN \
  namespace calsync {             \
  namespace emulator {            \
  namespace rapidjson {
#define RAPIDJSON_NAMESPACE_END \
  }                             \
  }                             \
  }
#define RAPIDJSON_ASSERT(x) ((x) ? static_cast<void>(0) : ::calsync::emulator::throw_json_misuse(#x))
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>

namespace calsync::emulator {

using Json = rapidjson::Document;
using JsonValue = rapidjson::Value;

// False for malformed text, invalid UTF-8 or nesting deeper than any resource needs (a writer recurses once a level).
bool parse_json(std::string_view text, Json& out);

const JsonValue* member(const JsonValue& object, std::string_view name);
std::string_view string_member(const JsonValue& object, std::string_view name, std::string_view otherwise = {});
std::optional<std::int64_t> int_member(const JsonValue& object, std::string_view name);
bool bool_member(const JsonValue& object, std::string_view name, bool otherwise);

void append_quoted(std::string& out, std::string_view text);
void append_json(std::string& out, const JsonValue& value);
std::string json_text(const JsonValue& value);

JsonValue json_string(std::string_view text, Json& owner);
void set_member(JsonValue& object, std::string_view name, JsonValue value, Json& owner);
// RFC 7396; Google's PATCH has the same rules.
void merge_patch(JsonValue& target, const JsonValue& patch, Json& owner);

// Writes one JSON object as text; closes it when it goes out of scope.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& key(std::string_view name);  // the caller appends the value
  void text(std::string_view name, std::string_view value);
  void text_unless_empty(std::string_view name, std::string_view value);
  void number(std::string_view name, std::int64_t value);
  void boolean(std::string_view name, bool value);
  void raw(std::string_view name, std::string_view json);
  void members(std::string_view json);  // `"a":1,"b":2`, may be empty

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace calsync::emulator
