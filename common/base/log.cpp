// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.hpp"

#include "common/base/json.hpp"

namespace calsync {
namespace {

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

/// Bytes that are not UTF-8 become U+FFFD, or the line would be no JSON and be lost.
std::string readable(std::string_view text) {
  std::string good;
  good.reserve(text.size());
  rapidjson::StringBuffer character;
  while (!text.empty()) {
    rapidjson::MemoryStream rest(text.data(), text.size());
    character.Clear();
    const bool valid = rapidjson::UTF8<>::Validate(rest, character);
    good += valid ? std::string_view(text.data(), rest.Tell()) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(valid ? rest.Tell() : 1);
  }
  return good;
}

void put_text(json::Writer& writer, std::string_view name, const std::string& text) {
  if (!text.empty()) writer.put(name, readable(text));
}

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
    if (text == level_name(level)) return level;
  }
  return std::nullopt;
}

void Log::write(Level level, std::string_view message, const LogFields& fields) const {
  if (level < threshold_) return;
  json::Writer writer;
  writer.begin_object();
  writer.put("timestamp", format_rfc3339(clock_.now()));
  writer.put("level", level_name(level)).put("category", "calendar_sync").put("message", readable(message));
  put_text(writer, "sync_id", fields.sync_id);
  put_text(writer, "provider_id", fields.provider_id);
  put_text(writer, "connection_id", fields.connection_id);
  put_text(writer, "provider", fields.provider);
  if (fields.duration_ms) writer.put("duration_ms", *fields.duration_ms);
  put_text(writer, "error_code", fields.error_code);
  if (!fields.metadata.empty()) {
    writer.key("metadata").begin_object();
    for (const auto& [name, value] : fields.metadata) writer.put(readable(name), readable(value));
    writer.end_object();
  }
  writer.end_object();
  sink_(writer.text() + "\n");
}

}  // namespace calsync
