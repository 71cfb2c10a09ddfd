// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_reader.hpp"

#include "common/net/answer_evidence.hpp"
#include "common/providers/google/google_calendar_list.hpp"
#include "common/providers/google/google_events.hpp"

namespace calsync::google {

Task<Result<providers::Page<providers::CalendarChange>>> GoogleReader::list_calendars(providers::Session session,
                                                                                      std::string cursor,
                                                                                      std::string page) {
  const ReadPosition position{std::move(cursor), std::move(page)};
  net::HttpRequest request = calendar_list_request(options_, session, position);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
  if (!response) co_return response.error();
  co_return net::told_by(parse_calendar_list(*response, position, clock_.now()), *response);
}

Task<Result<providers::Page<providers::EventChange>>> GoogleReader::list_events(providers::Session session,
                                                                                std::string calendar_id,
                                                                                std::string cursor, std::string page) {
  const ReadPosition position{std::move(cursor), std::move(page)};
  net::HttpRequest request = changes_request(options_, session, calendar_id, position);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
  if (!response) co_return response.error();
  co_return net::told_by(parse_changes(*response, position, clock_.now()), *response);
}

}  // namespace calsync::google
