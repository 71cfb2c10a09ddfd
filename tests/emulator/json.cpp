// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>

namespace calsync::emulator {
namespace {

constexpr int deepest_nesting = 64;

bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest_nesting) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

rapidjson::GenericStringRef<char> reference(std::string_view text) {
  return {text.data() ? text.data() : "", static_cast<rapidjson::SizeType>(text.size())};
}

}  // namespace

void throw_json_misuse(const char* expression) { throw JsonMisuse(expression); }

bool parse_json(std::string_view text, Json& out) {
  if (too_deep(text)) return false;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  out.Parse<flags>(text.data() ? text.data() : "", text.size());
  return !out.HasParseError();
}

const JsonValue* member(const JsonValue& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(JsonValue(reference(name)));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view string_member(const JsonValue& object, std::string_view name, std::string_view otherwise) {
  const JsonValue* value = member(object, name);
  return value && value->IsString() ? std::string_view(value->GetString(), value->GetStringLength()) : otherwise;
}

std::optional<std::int64_t> int_member(const JsonValue& object, std::string_view name) {
  const JsonValue* value = member(object, name);
  if (!value) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsString()) {
    std::int64_t number = 0;
    const char* end = value->GetString() + value->GetStringLength();
    const auto [stop, error] = std::from_chars(value->GetString(), end, number);
    if (error == std::errc() && stop == end && end != value->GetString()) return number;
  }
  return std::nullopt;
}

bool bool_member(const JsonValue& object, std::string_view name, bool otherwise) {
  const JsonValue* value = member(object, name);
  return value && value->IsBool() ? value->GetBool() : otherwise;
}

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_json(std::string& out, const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  out.append(buffer.GetString(), buffer.GetSize());
}

std::string json_text(const JsonValue& value) {
  std::string text;
  append_json(text, value);
  return text;
}

JsonValue json_string(std::string_view text, Json& owner) {
  return JsonValue(text.data() ? text.data() : "", static_cast<rapidjson::SizeType>(text.size()), owner.GetAllocator());
}

void set_member(JsonValue& object, std::string_view name, JsonValue value, Json& owner) {
  const auto found = object.FindMember(JsonValue(reference(name)));
  if (found != object.MemberEnd()) {
    found->value = value;
  } else {
    JsonValue key = json_string(name, owner);
    object.AddMember(key, value, owner.GetAllocator());
  }
}

void merge_patch(JsonValue& target, const JsonValue& patch, Json& owner) {
  if (!patch.IsObject()) {
    target.CopyFrom(patch, owner.GetAllocator());
    return;
  }
  if (!target.IsObject()) target.SetObject();
  for (const auto& [name, value] : patch.GetObject()) {
    const auto found = target.FindMember(name);
    if (value.IsNull()) {
      if (found != target.MemberEnd()) target.EraseMember(found);
    } else if (found != target.MemberEnd()) {
      merge_patch(found->value, value, owner);
    } else {
      JsonValue key(name, owner.GetAllocator());
      JsonValue added;
      merge_patch(added, value, owner);
      target.AddMember(key, added, owner.GetAllocator());
    }
  }
}

std::string& ObjectWriter::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

void ObjectWriter::text(std::string_view name, std::string_view value) { append_quoted(key(name), value); }

void ObjectWriter::text_unless_empty(std::string_view name, std::string_view value) {
  if (!value.empty()) text(name, value);
}

void ObjectWriter::number(std::string_view name, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  key(name).append(digits, end);
}

void ObjectWriter::boolean(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

void ObjectWriter::raw(std::string_view name, std::string_view json) { key(name) += json; }

void ObjectWriter::members(std::string_view json) {
  if (json.empty()) return;
  if (!first_) out_ += ',';
  first_ = false;
  out_ += json;
}

}  // namespace calsync::emulator
