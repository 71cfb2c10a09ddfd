// SPDX-License-Identifier: Apache-2.0
#include "common/base/json.hpp"

#include <rapidjson/error/en.h>

#include <charconv>
#include <cmath>

namespace calsync::json {
namespace {

constexpr unsigned parse_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

/// Depth is bounded before parsing: destroying a deeply nested Document recurses even when parsing did not.
bool too_deep(std::string_view text, int limit) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Document> parse(std::string_view text, int max_depth) {
  if (too_deep(text, max_depth)) return fail(Failure::malformed, "JSON is nested too deeply");
  Document document;
  document.Parse<parse_flags>(text.data(), text.size());
  if (document.HasParseError()) {
    return fail(Failure::malformed, std::string("invalid JSON at byte ") + std::to_string(document.GetErrorOffset()) +
                                        ": " + rapidjson::GetParseError_En(document.GetParseError()));
  }
  return document;
}

const Value* member(const Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(Value(rapidjson::StringRef(name.data(), name.size())));
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

std::optional<std::string> string_at(const Value& object, std::string_view name) {
  const Value* found = member(object, name);
  if (!found || !found->IsString()) return std::nullopt;
  return std::string(found->GetString(), found->GetStringLength());
}

std::string text_at(const Value& object, std::string_view name) {
  return string_at(object, name).value_or(std::string());
}

std::optional<bool> bool_at(const Value& object, std::string_view name) {
  const Value* found = member(object, name);
  if (!found || !found->IsBool()) return std::nullopt;
  return found->GetBool();
}

std::optional<std::int64_t> int_at(const Value& object, std::string_view name) {
  const Value* found = member(object, name);
  if (!found) return std::nullopt;
  if (found->IsInt64()) return found->GetInt64();
  if (found->IsString()) {
    std::int64_t number = 0;
    const char* end = found->GetString() + found->GetStringLength();
    const auto [stop, error] = std::from_chars(found->GetString(), end, number);
    if (error == std::errc() && stop == end) return number;
  }
  return std::nullopt;
}

const Value* object_at(const Value& object, std::string_view name) {
  const Value* found = member(object, name);
  return found && found->IsObject() ? found : nullptr;
}

const Value* array_at(const Value& object, std::string_view name) {
  const Value* found = member(object, name);
  return found && found->IsArray() ? found : nullptr;
}

std::string dump(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

Writer& Writer::begin_object() {
  writer_.StartObject();
  return *this;
}
Writer& Writer::end_object() {
  writer_.EndObject();
  return *this;
}
Writer& Writer::begin_array() {
  writer_.StartArray();
  return *this;
}
Writer& Writer::end_array() {
  writer_.EndArray();
  return *this;
}
Writer& Writer::key(std::string_view name) {
  writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}
Writer& Writer::value(std::string_view text) {
  writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return *this;
}
Writer& Writer::value(bool flag) {
  writer_.Bool(flag);
  return *this;
}
Writer& Writer::value(std::int64_t number) {
  writer_.Int64(number);
  return *this;
}
Writer& Writer::value(double number) {
  std::isfinite(number) ? writer_.Double(number) : writer_.Null();
  return *this;
}
Writer& Writer::null() {
  writer_.Null();
  return *this;
}
Writer& Writer::raw(std::string_view json) {
  writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

}  // namespace calsync::json
