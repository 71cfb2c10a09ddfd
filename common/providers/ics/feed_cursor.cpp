// SPDX-License-Identifier: Apache-2.0
#include "common/providers/ics/feed_cursor.hpp"

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "common/calendar/fingerprint.hpp"

namespace calsync::ics {
namespace {

constexpr std::size_t sample_size = 8;
constexpr std::size_t short_hash = 12;

std::string hashed(std::string_view text) { return sha256_hex(text).substr(0, short_hash); }

bool is_strong(std::string_view last_modified, std::string_view date) {
  const auto modified = parse_http_date(last_modified);
  const auto answered = parse_http_date(date);
  return modified && answered && *answered - *modified >= std::chrono::seconds(2);
}

}  // namespace

FeedCursor parse_feed_cursor(std::string_view text) {
  FeedCursor cursor;
  if (text.empty()) return cursor;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return cursor;
  cursor.etag = json::text_at(*parsed, "etag");
  cursor.last_modified = json::text_at(*parsed, "modified");
  cursor.digest = json::text_at(*parsed, "digest");
  if (json::text_at(*parsed, "ids") == "content") cursor.ids = calendar::IdSource::content;
  if (const json::Value* sample = json::object_at(*parsed, "uids")) {
    for (const auto& [content, uid] : sample->GetObject()) {
      if (uid.IsString()) cursor.sample.emplace(content.GetString(), uid.GetString());
    }
  }
  return cursor;
}

std::string dump_feed_cursor(const FeedCursor& cursor) {
  json::Writer writer;
  writer.begin_object();
  if (!cursor.etag.empty()) writer.put("etag", cursor.etag);
  if (!cursor.last_modified.empty()) writer.put("modified", cursor.last_modified);
  writer.put("digest", cursor.digest);
  writer.put("ids", cursor.ids == calendar::IdSource::content ? "content" : "uid");
  writer.key("uids").begin_object();
  for (const auto& [content, uid] : cursor.sample) writer.put(content, uid);
  writer.end_object().end_object();
  return writer.text();
}

void remember_validators(FeedCursor& cursor, const net::HttpResponse& response) {
  cursor.etag = response.header("etag");
  const std::string_view modified = response.header("last-modified");
  cursor.last_modified = is_strong(modified, response.header("date")) ? std::string(modified) : std::string();
}

UidSample sample_uids(const calendar::ParsedCalendar& calendar) {
  UidSample sample;
  std::map<std::string, int> seen;
  for (const calendar::EventChange& change : calendar.events) {
    const auto* event = std::get_if<calendar::Event>(&change);
    if (!event || event->ical_uid.empty() || !event->recurring_event_id.empty()) continue;
    const std::string content = hashed(calendar::content_key(*event));
    // Events that look alike cannot be told apart, so they prove nothing.
    if (++seen[content] > 1) {
      sample.erase(content);
      continue;
    }
    sample.emplace(content, hashed(event->ical_uid));
  }
  while (sample.size() > sample_size) sample.erase(std::prev(sample.end()));
  return sample;
}

bool uids_are_made_up(const UidSample& before, const UidSample& now) {
  std::size_t common = 0;
  for (const auto& [content, uid] : before) {
    const auto found = now.find(content);
    if (found == now.end()) continue;
    if (found->second == uid) return false;
    ++common;
  }
  return common > 0;
}

}  // namespace calsync::ics
