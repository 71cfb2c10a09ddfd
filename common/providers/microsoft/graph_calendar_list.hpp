// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_page.hpp"
#include "common/providers/microsoft/microsoft_options.hpp"

namespace calsync::microsoft {

/// GET /me/calendars; `page` is a link of the page before. Calendars have no delta, so the list is read whole each
/// time.
net::HttpRequest calendar_list_request(const Options& options, const providers::Session& session,
                                       const std::string& page);
/// failures: api_error's, and malformed when the page or one of its entries cannot be understood. An entry nobody can
/// name is not skipped: what a full list does not name counts as gone.
Result<providers::Page<providers::CalendarChange>> parse_calendar_list(const net::HttpResponse& response,
                                                                       const Options& options, const std::string& page,
                                                                       Time now);

/// GET /me/calendar: the default one, for personal accounts whose list of calendars fails, as it did for weeks.
net::HttpRequest default_calendar_request(const Options& options, const providers::Session& session);
/// No snapshot: it says nothing about the other calendars.
Result<providers::Page<providers::CalendarChange>> parse_default_calendar(const net::HttpResponse& response, Time now);

}  // namespace calsync::microsoft
