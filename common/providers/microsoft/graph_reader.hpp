// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_cursor.hpp"
#include "common/providers/provider.hpp"

namespace calsync::microsoft {

/// Graph v1.0, read. The mirror of a calendar is what touches a window around today: single events, series as masters
/// with their exceptions. A round of the delta names the series that changed and little more, so the round's pages are
/// followed by pages that each read one series: its master and its instances, two requests at most. The clock places
/// the window and turns a Retry-After date into a duration; nothing here waits.
class GraphReader final : public providers::EventReader {
 public:
  GraphReader(Options options, net::HttpTransport& transport, const Clock& clock)
      : options_(std::move(options)), transport_(transport), clock_(clock) {}

  Task<Result<providers::Page<providers::CalendarChange>>> list_calendars(providers::Session session,
                                                                          std::string cursor,
                                                                          std::string page) override;
  /// Also cursor_expired when the cursor's window has aged.
  Task<Result<providers::Page<providers::EventChange>>> list_events(providers::Session session, std::string calendar_id,
                                                                    std::string cursor, std::string page) override;

 private:
  using EventPage = providers::Page<providers::EventChange>;
  Task<Result<EventPage>> read_delta(providers::Session session, std::string calendar_id, std::string link,
                                     ReadState state);
  Task<Result<EventPage>> read_series(providers::Session session, std::string calendar_id, ReadState state);

  Options options_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

}  // namespace calsync::microsoft
