// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/calendar/change.hpp"
#include "common/calendar/ical_event.hpp"

namespace calsync::calendar {

/// What the ids of a file's events are made of.
enum class IdSource {
  uid,     ///< UID, as RFC 5545 section 3.8.4.7 promises
  content  ///< content_key(): for feeds that make up new UIDs at each fetch
};

struct Identified {
  std::vector<EventChange> events{};  ///< Event and EventUnreadable only, in file order
  int superseded = 0;                 ///< older revisions of an event that is in `events`
};

/// Gives every event of one file its ids and its etag, and drops older revisions.
///
/// - A master or single event is its UID; an exception is "UID/RECURRENCE-ID" and names the UID as its series, whether
///   or not that series is in the file. UIDs above 500 bytes, which no index takes, are replaced by their hash.
/// - The same UID and RECURRENCE-ID again is a revision: the higher SEQUENCE counts, then the later LAST-MODIFIED or
///   DTSTAMP, then the later one in the file.
/// - Yet two events of one UID, without RECURRENCE-ID, with equal SEQUENCE and different starts cannot be revisions of
///   one another: some exporters write out each occurrence of a series like this. All starts of such a UID are kept, as
///   "UID#START"; only its earliest recurring one keeps the plain UID, for the sake of its exceptions.
/// - Without a UID, and with IdSource::content, the id is "content-" and content_key(); true duplicates are numbered.
/// - Unreadable events supersede nothing and are superseded by nothing, and leave an id that both would have to the
///   readable one.
Identified identify(std::vector<IcalEvent> events, IdSource source);

}  // namespace calsync::calendar
