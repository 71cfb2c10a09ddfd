// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"
#include "common/providers/ics/feed_cursor.hpp"
#include "common/providers/ics/ics_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::ics {

/// The only calendar that a feed has.
inline constexpr std::string_view feed_calendar = "feed";

/// A conditional GET where there is something to compare with.
net::HttpRequest feed_request(const Options& options, const Secret& url, const FeedCursor& cursor);

/// What the answer says has changed: nothing (304, or the same bytes), or the whole feed as a snapshot. failure
/// malformed: not a calendar, or one that was cut short; the other failures follow the status.
Result<providers::Page<providers::EventChange>> parse_feed(const net::HttpResponse& response, FeedCursor cursor,
                                                           Time now);

}  // namespace calsync::ics
