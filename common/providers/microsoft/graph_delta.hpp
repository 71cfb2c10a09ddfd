// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_cursor.hpp"
#include "common/providers/microsoft/graph_page.hpp"

namespace calsync::microsoft {

/// GET /me/calendars/{id}/calendarView/delta: the first page of a full read of the window.
net::HttpRequest delta_request(const Options& options, const providers::Session& session, std::string_view calendar_id,
                               const Window& window);
/// A next or delta link, to the letter.
net::HttpRequest link_request(const std::string& link, const providers::Session& session);

/// One page of the delta into `changes`; `state` goes on to the next page or to the round's end, and gains the series
/// that the page touches. `link` = what was asked, "" = the first page. failures: api_error's, and malformed when the
/// page's frame cannot be understood. One odd item never fails its page.
Result<void> read_delta_page(const net::HttpResponse& response, const Options& options, const std::string& link,
                             Time now, ReadState& state, std::vector<providers::EventChange>& changes);

}  // namespace calsync::microsoft
