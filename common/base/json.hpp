// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one door to RapidJSON: its assertions throw, and parsing never recurses.
#include <stdexcept>
#ifndef RAPIDJSON_ASSERT
#define RAPIDJSON_ASSERT(x) \
  if (!(x)) throw std::logic_error("JSON value used as another type: " #x)
#define RAPIDJSON_ASSERT_THROWS 1
#endif
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace calsync::json {

using Value = rapidjson::Value;
using Document = rapidjson::Document;

/// Strict JSON, iteratively parsed, UTF-8 checked, at most `max_depth` levels. failure malformed with the position.
Result<Document> parse(std::string_view text, int max_depth = 100);

/// Members are read through these: absent, null or of another type = nothing.
const Value* member(const Value& object, std::string_view name);
std::optional<std::string> string_at(const Value& object, std::string_view name);
std::string text_at(const Value& object, std::string_view name);  ///< "" when absent
std::optional<bool> bool_at(const Value& object, std::string_view name);
/// Also accepts a decimal number in a string, as Google writes int64 values.
std::optional<std::int64_t> int_at(const Value& object, std::string_view name);
const Value* object_at(const Value& object, std::string_view name);
const Value* array_at(const Value& object, std::string_view name);

std::string dump(const Value& value);

/// Builds JSON text: `Object o; o.put("a", 1); o.text()`. Values are written at once, in order.
class Writer {
 public:
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag);
  Writer& value(std::int64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(std::uint64_t number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(double number);
  Writer& null();
  Writer& raw(std::string_view json);  ///< already valid JSON
  template <class T>
  Writer& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  template <class T>
  Writer& put(std::string_view name, const T& what) {
    return key(name).value(what);
  }
  Writer& put_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
  Writer& put_null(std::string_view name) { return key(name).null(); }
  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace calsync::json
