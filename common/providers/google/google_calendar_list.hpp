// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/google/google_page.hpp"

namespace calsync::google {

/// GET /users/me/calendarList. Hidden and deleted entries are asked for on full reads too: reads with a sync token
/// always have them, and a calendar must not come and go with the kind of read.
net::HttpRequest calendar_list_request(const Options& options, const providers::Session& session,
                                       const ReadPosition& position);

/// failures: api_error's, and malformed when the page or one of its entries cannot be understood. An entry nobody can
/// name is not skipped: on a full read, what is not named counts as gone.
Result<providers::Page<providers::CalendarChange>> parse_calendar_list(const net::HttpResponse& response,
                                                                       const ReadPosition& position, Time now);

}  // namespace calsync::google
