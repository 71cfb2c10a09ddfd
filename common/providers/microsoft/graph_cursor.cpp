// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_cursor.hpp"

#include "common/base/json.hpp"

namespace calsync::microsoft {
namespace {

void put_window(json::Writer& writer, const Window& window) {
  writer.put("from", format_rfc3339(window.from)).put("to", format_rfc3339(window.to));
  writer.put("read", format_rfc3339(window.read_at));
}

std::optional<Window> read_window(const json::Value& object) {
  const auto from = parse_rfc3339(json::text_at(object, "from"));
  const auto to = parse_rfc3339(json::text_at(object, "to"));
  const auto read_at = parse_rfc3339(json::text_at(object, "read"));
  if (!from || !to || !read_at) return std::nullopt;
  return Window{*from, *to, *read_at};
}

void put_missing(json::Writer& writer, const MissingSeries& missing) {
  if (missing.empty()) return;
  writer.key("missing").begin_object();
  for (const auto& [id, since] : missing) writer.put(id, format_rfc3339(since));
  writer.end_object();
}

MissingSeries read_missing(const json::Value& object) {
  MissingSeries missing;
  const json::Value* listed = json::object_at(object, "missing");
  if (!listed) return missing;
  for (const auto& [id, since] : listed->GetObject()) {
    const auto time = since.IsString() ? parse_rfc3339(since.GetString()) : std::nullopt;
    if (time) missing.emplace(std::string(id.GetString(), id.GetStringLength()), *time);
  }
  return missing;
}

}  // namespace

Window window_at(Time now, const WindowOptions& options) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  return {today - std::chrono::days(options.past_days), today + std::chrono::days(options.future_days),
          std::chrono::floor<std::chrono::seconds>(now)};
}

bool has_aged(const Window& window, Time now, const WindowOptions& options) {
  return now - window.read_at >= std::chrono::hours(options.hours);
}

std::string dump_delta_cursor(const DeltaCursor& cursor) {
  json::Writer writer;
  writer.begin_object().put("v", 1);
  put_window(writer, cursor.window);
  writer.put("link", cursor.link);
  put_missing(writer, cursor.missing);
  writer.end_object();
  return writer.text();
}

std::optional<DeltaCursor> parse_delta_cursor(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return std::nullopt;
  const auto window = read_window(*parsed);
  std::string link = json::text_at(*parsed, "link");
  if (!window || link.empty()) return std::nullopt;
  return DeltaCursor{*window, std::move(link), read_missing(*parsed)};
}

std::string dump_read_state(const ReadState& state) {
  json::Writer writer;
  writer.begin_object();
  put_window(writer, state.window);
  writer.put("next", state.next_link).put("delta", state.delta_link).key("series").begin_array();
  for (const std::string& id : state.series) writer.value(id);
  writer.end_array();
  if (state.open) {
    writer.key("open").begin_object().put("master", state.open->master).put("next", state.open->next_link);
    writer.key("seen").begin_array();
    for (const std::int64_t slot : state.open->seen) writer.value(slot);
    writer.end_array().end_object();
  }
  put_missing(writer, state.missing);
  writer.end_object();
  return writer.text();
}

std::optional<ReadState> parse_read_state(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return std::nullopt;
  const auto window = read_window(*parsed);
  const json::Value* series = json::array_at(*parsed, "series");
  if (!window || !series) return std::nullopt;
  ReadState state{*window, json::text_at(*parsed, "next"), json::text_at(*parsed, "delta"), {},
                  {},      read_missing(*parsed)};
  for (const json::Value& id : series->GetArray()) {
    if (id.IsString()) state.series.emplace_back(id.GetString(), id.GetStringLength());
  }
  if (const json::Value* open = json::object_at(*parsed, "open")) {
    state.open = OpenSeries{json::text_at(*open, "master"), {}, json::text_at(*open, "next")};
    if (const json::Value* seen = json::array_at(*open, "seen")) {
      for (const json::Value& slot : seen->GetArray()) {
        if (slot.IsInt64()) state.open->seen.push_back(slot.GetInt64());
      }
    }
  }
  return state;
}

}  // namespace calsync::microsoft
