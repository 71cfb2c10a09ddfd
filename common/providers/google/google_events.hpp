// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/google/google_page.hpp"

namespace calsync::google {

/// GET /calendars/{id}/events: masters and exceptions, never expanded instances (`singleEvents=false`), with
/// tombstones, without any window: a sync token does not carry one, so a windowed mirror would go stale as time passes.
net::HttpRequest changes_request(const Options& options, const providers::Session& session,
                                 std::string_view calendar_id, const ReadPosition& position);

/// failures: api_error's, and malformed when the page's frame cannot be understood. One odd item never fails its page:
/// it comes back as EventUnreadable.
Result<providers::Page<providers::EventChange>> parse_changes(const net::HttpResponse& response,
                                                              const ReadPosition& position, Time now);

}  // namespace calsync::google
