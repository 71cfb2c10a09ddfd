// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_push_channels.hpp"

namespace calsync::microsoft {
namespace {

/// A mailbox has at most a thousand subscriptions.
constexpr int most_pages = 10;
/// Of one calendar, one lives and one or two were left over.
constexpr std::size_t most_rivals = 3;

}  // namespace

Task<Result<GraphPushChannels::Opened>> GraphPushChannels::subscribe(providers::Session session,
                                                                     providers::ChannelRequest request) {
  net::HttpRequest call = subscribe_request(options_, session, request, clock_.now());
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(call), session.deadline);
  if (!response) co_return response.error();
  co_return parse_subscribed(*response, clock_.now());
}

Task<Result<void>> GraphPushChannels::unsubscribe(providers::Session session, std::string id) {
  net::HttpRequest call = unsubscribe_request(options_, session, id);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(call), session.deadline);
  if (!response) co_return response.error();
  co_return parse_unsubscribed(*response, clock_.now());
}

Task<Result<std::vector<Subscription>>> GraphPushChannels::find(providers::Session session,
                                                                std::function<bool(const Subscription&)> wanted) {
  std::vector<Subscription> found;
  std::string page;
  for (int count = 0; count < most_pages; ++count) {
    net::HttpRequest call = subscriptions_request(options_, session, page);
    const Result<net::HttpResponse> response = co_await transport_.send(std::move(call), session.deadline);
    if (!response) co_return response.error();
    auto answer = parse_subscriptions(*response, options_, page, clock_.now());
    if (!answer) co_return answer.error();
    for (Subscription& one : answer->subscriptions) {
      if (wanted(one)) found.push_back(std::move(one));
    }
    page = std::move(answer->next);
    if (page.empty()) break;
  }
  co_return found;
}

Task<Result<std::optional<providers::OpenedChannel>>> GraphPushChannels::open(providers::Session session,
                                                                              providers::ChannelRequest request) {
  Result<Opened> opened = co_await subscribe(session, request);
  if (opened || opened.error().failure != Failure::conflict) co_return opened;
  const auto ours = co_await find(session, [request](const Subscription& one) { return rivals(one, request); });
  if (!ours) co_return ours.error();
  if (ours->empty() || ours->size() > most_rivals) co_return opened;
  for (const Subscription& one : *ours) {
    if (auto ended = co_await unsubscribe(session, one.id); !ended) co_return ended.error();
  }
  Result<Opened> second = co_await subscribe(std::move(session), std::move(request));
  if (second && *second) (*second)->gap = true;
  co_return second;
}

Task<Result<void>> GraphPushChannels::stop(providers::Session session, std::string channel_id,
                                           std::string resource_id) {
  if (!resource_id.empty()) co_return co_await unsubscribe(std::move(session), std::move(resource_id));
  const auto ours =
      co_await find(session, [channel_id](const Subscription& one) { return is_channel(one, channel_id); });
  if (!ours) co_return ours.error();
  for (const Subscription& one : *ours) {
    if (auto ended = co_await unsubscribe(session, one.id); !ended) co_return ended;
  }
  co_return Result<void>();
}

}  // namespace calsync::microsoft
