// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_reader.hpp"

#include "common/net/answer_evidence.hpp"
#include "common/providers/microsoft/graph_calendar_list.hpp"
#include "common/providers/microsoft/graph_delta.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/microsoft/microsoft_accounts.hpp"
#include "common/providers/microsoft/series_reader.hpp"

namespace calsync::microsoft {
namespace {

Error unusable(std::string_view why) {
  return fail(Failure::cursor_expired, "the stored position cannot be used: " + std::string(why));
}

/// What Graph's answer to a read lacks is as much evidence as what it says.
Error told_by_graph(Error error, const net::HttpResponse& response) {
  return net::told_by(std::move(error), response, request_id(response));
}
template <class T>
Result<T> evident(Result<T> read, const net::HttpResponse& response) {
  return net::told_by(std::move(read), response, request_id(response));
}

/// A replica that is behind has caught up by then. What is gone is said to be so by the next delta long before.
constexpr std::chrono::minutes patience{10};

/// One series has been looked at, at `now` of Graph's clock: workers whose clocks differ may look in turns.
void settle(SeriesStep step, const std::string& id, Time now, ReadState& state,
            std::vector<providers::EventChange>& changes) {
  if (step == SeriesStep::missing) {
    const auto since = state.missing.try_emplace(id, now).first->second;
    if (now - since < patience) return;
    changes.emplace_back(calendar::EventRemoved{id});
  }
  state.missing.erase(id);
}

/// What a page of `state` leads to: the next page of the round, or the cursor for the next round.
void conclude(const ReadState& state, providers::Page<providers::EventChange>& page) {
  if (state.next_link.empty() && state.series.empty()) {
    page.next_cursor = dump_delta_cursor({state.window, state.delta_link, state.missing});
  } else {
    page.next_page = dump_read_state(state);
  }
}

}  // namespace

Task<Result<providers::Page<providers::CalendarChange>>> GraphReader::list_calendars(providers::Session session,
                                                                                     std::string, std::string page) {
  net::HttpRequest request = calendar_list_request(options_, session, page);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
  if (!response) co_return response.error();
  const bool fails = response->status == 403 || response->status == 500;
  if (!fails || !is_personal(session.account))
    co_return evident(parse_calendar_list(*response, options_, page, clock_.now()), *response);
  net::HttpRequest fallback = default_calendar_request(options_, session);
  const Result<net::HttpResponse> second = co_await transport_.send(std::move(fallback), session.deadline);
  if (!second) co_return second.error();
  co_return evident(parse_default_calendar(*second, clock_.now()), *second);
}

Task<Result<providers::Page<providers::EventChange>>> GraphReader::list_events(providers::Session session,
                                                                               std::string calendar_id,
                                                                               std::string cursor, std::string page) {
  const bool full = cursor.empty();
  const Time now = clock_.now();
  ReadState state;
  std::string link;
  if (!page.empty()) {
    auto read = parse_read_state(page);
    if (!read) co_return fail(Failure::internal, "a page of our own cannot be read");
    state = *std::move(read);
    link = state.next_link;
  } else if (full) {
    state.window = window_at(now, options_.window);
  } else {
    auto known = parse_delta_cursor(cursor);
    if (!known) co_return unusable("it is unreadable");
    if (!stays_at(options_.endpoints.api, known->link)) co_return unusable("it leads to another host");
    if (has_aged(known->window, now, options_.window)) co_return unusable("its window has to move on");
    state.window = known->window;
    state.missing = std::move(known->missing);
    for (const auto& [id, since] : state.missing) state.series.push_back(id);
    link = std::move(known->link);
  }
  const bool round_is_over = !page.empty() && link.empty();
  Task<Result<EventPage>> step = round_is_over
                                     ? read_series(std::move(session), std::move(calendar_id), std::move(state))
                                     : read_delta(std::move(session), std::move(calendar_id), link, std::move(state));
  auto answer = co_await std::move(step);
  if (answer) answer->snapshot = full;
  co_return answer;
}

Task<Result<GraphReader::EventPage>> GraphReader::read_delta(providers::Session session, std::string calendar_id,
                                                             std::string link, ReadState state) {
  net::HttpRequest request =
      link.empty() ? delta_request(options_, session, calendar_id, state.window) : link_request(link, session);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
  if (!response) co_return response.error();
  EventPage page;
  if (auto read = read_delta_page(*response, options_, link, clock_.now(), state, page.changes); !read)
    co_return told_by_graph(read.error(), *response);
  conclude(state, page);
  co_return page;
}

Task<Result<GraphReader::EventPage>> GraphReader::read_series(providers::Session session, std::string calendar_id,
                                                              ReadState state) {
  EventPage page;
  const std::string id = state.series.back();
  OpenSeries open = state.open.value_or(OpenSeries());
  SeriesStep step = SeriesStep::goes_on;
  Time answered = clock_.now();
  if (!state.open) {
    net::HttpRequest request = master_request(options_, session, calendar_id, id);
    const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
    if (!response) co_return response.error();
    answered = response->answered_at(clock_.now());
    const auto read = read_master(*response, id, clock_.now(), open, page.changes);
    if (!read) co_return told_by_graph(read.error(), *response);
    step = *read;
  }
  if (step == SeriesStep::goes_on) {
    const std::string link = open.next_link;
    net::HttpRequest request = link.empty() ? instances_request(options_, session, calendar_id, id, state.window)
                                            : link_request(link, session);
    const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
    if (!response) co_return response.error();
    answered = response->answered_at(clock_.now());
    const auto read = read_instances(*response, options_, id, link, state.window, clock_.now(), open, page.changes);
    if (!read) co_return told_by_graph(read.error(), *response);
    step = *read;
  }
  if (step == SeriesStep::goes_on) {
    state.open = std::move(open);
  } else {
    settle(step, id, answered, state, page.changes);
    state.open.reset();
    state.series.pop_back();
  }
  conclude(state, page);
  co_return page;
}

}  // namespace calsync::microsoft
