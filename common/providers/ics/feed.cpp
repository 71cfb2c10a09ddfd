// SPDX-License-Identifier: Apache-2.0
#include "common/providers/ics/feed.hpp"

#include <fmt/format.h>

#include "common/base/crypto.hpp"
#include "common/net/url.hpp"

namespace calsync::ics {
namespace {

using Page = providers::Page<providers::EventChange>;

Error feed_error(const net::HttpResponse& response, Time now) {
  const int status = response.status;
  const auto retry_after = response.retry_after(now);
  if (status == 429) return fail(Failure::throttled, "the feed's server answered 429: too many requests", retry_after);
  if (status >= 500)
    return fail(Failure::unavailable, fmt::format("the feed's server answered {}", status), retry_after);
  if (status == 401 || status == 403) {
    return fail(Failure::rejected,
                fmt::format("the feed's server answered {}: the address is no longer allowed to read it", status));
  }
  if (status == 404 || status == 410) {
    return fail(Failure::rejected,
                fmt::format("the feed's server answered {}: there is no feed at this address any more", status));
  }
  return fail(Failure::rejected, fmt::format("the feed's server answered {}", status));
}

Page unchanged(const FeedCursor& cursor) {
  Page page;
  page.next_cursor = dump_feed_cursor(cursor);
  return page;
}

Result<calendar::ParsedCalendar> read_whole(std::string_view body, calendar::IdSource ids) {
  calendar::IcalOptions options;
  options.ids = ids;
  auto parsed = calendar::read_ical(body, options);
  if (parsed && !parsed->complete) {
    return fail(Failure::malformed, "the feed ends in the middle: its END:VCALENDAR is missing");
  }
  return parsed;
}

}  // namespace

net::HttpRequest feed_request(const Options& options, const Secret& url, const FeedCursor& cursor) {
  net::HttpRequest request;
  request.operation = "feed";
  request.url = net::feed_url(url.reveal(), options.allow_insecure);
  request.headers = {{"Accept", "text/calendar, */*;q=0.1"}};
  if (!cursor.etag.empty()) request.headers.emplace_back("If-None-Match", cursor.etag);
  if (!cursor.last_modified.empty()) request.headers.emplace_back("If-Modified-Since", cursor.last_modified);
  request.max_body = options.max_bytes;
  request.follow_redirects = true;
  return request;
}

Result<Page> parse_feed(const net::HttpResponse& response, FeedCursor cursor, Time now) {
  const bool conditional = !cursor.etag.empty() || !cursor.last_modified.empty();
  if (response.status == 304 && conditional) return unchanged(cursor);
  if (response.status != 200) return feed_error(response, now);
  std::string digest = sha256_hex(response.body).substr(0, 32);
  if (digest == cursor.digest) {
    remember_validators(cursor, response);
    return unchanged(cursor);
  }
  auto parsed = read_whole(response.body, cursor.ids);
  if (!parsed) return parsed.error();
  UidSample sample = sample_uids(*parsed);
  if (cursor.ids == calendar::IdSource::uid && uids_are_made_up(cursor.sample, sample)) {
    cursor.ids = calendar::IdSource::content;
    parsed = read_whole(response.body, cursor.ids);
    sample.clear();
  }
  remember_validators(cursor, response);
  cursor.digest = std::move(digest);
  cursor.sample = std::move(sample);
  Page page;
  page.snapshot = true;
  page.changes = std::move(parsed->events);
  page.next_cursor = dump_feed_cursor(cursor);
  page.about = providers::Calendar{std::string(feed_calendar), parsed->name, parsed->time_zone, "reader", true, true};
  return page;
}

}  // namespace calsync::ics
