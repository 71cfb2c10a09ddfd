// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_cursor.hpp"
#include "common/providers/microsoft/graph_page.hpp"

namespace calsync::microsoft {

/// GET …/events/{id} through the calendar: /me/events knows nothing of shared ones.
net::HttpRequest master_request(const Options& options, const providers::Session& session, std::string_view calendar_id,
                                std::string_view master_id);
/// GET …/events/{id}/instances in the window: full objects, without deleted occurrences.
net::HttpRequest instances_request(const Options& options, const providers::Session& session,
                                   std::string_view calendar_id, std::string_view master_id, const Window& window);

/// Where one series stands after an answer.
enum class SeriesStep {
  goes_on,  ///< its instances have another page
  done,     ///< it is in `changes`
  missing   ///< Graph does not find it
};

/// The master's answer. `goes_on` = its instances are to be asked for. One that cannot be read is kept as unreadable.
/// Other failures are the page's.
Result<SeriesStep> read_master(const net::HttpResponse& response, const std::string& id, Time now, OpenSeries& open,
                               std::vector<providers::EventChange>& changes);
/// One page of its instances, which was asked for by `link` ("" = the first).
Result<SeriesStep> read_instances(const net::HttpResponse& response, const Options& options, const std::string& id,
                                  const std::string& link, const Window& window, Time now, OpenSeries& open,
                                  std::vector<providers::EventChange>& changes);

}  // namespace calsync::microsoft
