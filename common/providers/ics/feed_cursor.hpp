// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/calendar/ical_reader.hpp"
#include "common/net/http.hpp"

namespace calsync::ics {

/// A few of a feed's events, by what makes them the same for a person, with the UID each had: enough to see whether the
/// next fetch calls the same events by other UIDs. Short hashes, since it is part of the stored cursor.
using UidSample = std::map<std::string, std::string>;

/// What is remembered of the last fetch of a feed.
struct FeedCursor {
  std::string etag{};           ///< validator for If-None-Match (RFC 9110 section 13.1.2)
  std::string last_modified{};  ///< validator for If-Modified-Since; kept only where it is a strong one
  std::string digest{};         ///< of the body: a server without validators sends the same bytes again and again
  calendar::IdSource ids = calendar::IdSource::uid;
  UidSample sample{};
};

/// "" and anything unreadable = nothing is remembered.
FeedCursor parse_feed_cursor(std::string_view text);
std::string dump_feed_cursor(const FeedCursor& cursor);

/// The validators of a 200 answer. A Last-Modified is kept only if it is at least two seconds older than the answer's
/// Date: within the same second the feed can change again without the stamp showing it (RFC 9110 section 8.8.2.2).
void remember_validators(FeedCursor& cursor, const net::HttpResponse& response);

/// The same events are chosen from fetch to fetch, whatever else the feed gains or loses.
UidSample sample_uids(const calendar::ParsedCalendar& calendar);
/// True if events that both samples know are all called by other UIDs now: the feed makes up UIDs at each fetch.
bool uids_are_made_up(const UidSample& before, const UidSample& now);

}  // namespace calsync::ics
