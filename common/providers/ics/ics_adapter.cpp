// SPDX-License-Identifier: Apache-2.0
#include "common/providers/ics/ics_adapter.hpp"

#include "common/net/answer_evidence.hpp"
#include "common/net/url.hpp"
#include "common/providers/ics/feed.hpp"

namespace calsync::ics {
namespace {

class FeedReader final : public providers::EventReader {
 public:
  FeedReader(net::HttpTransport& transport, const Options& options, const Clock& clock)
      : transport_(transport), options_(options), clock_(clock) {}

  /// A feed is one calendar; its name and zone come with its events.
  Task<Result<providers::Page<providers::CalendarChange>>> list_calendars(providers::Session, std::string cursor,
                                                                          std::string) override {
    providers::Page<providers::CalendarChange> page;
    page.next_cursor = "1";
    if (cursor.empty()) {
      page.snapshot = true;
      page.changes.emplace_back(providers::Calendar{std::string(feed_calendar), {}, {}, "reader", true, true});
    }
    co_return page;
  }

  Task<Result<providers::Page<providers::EventChange>>> list_events(providers::Session session, std::string,
                                                                    std::string cursor, std::string) override {
    if (session.credential.empty()) co_return fail(Failure::internal, "the feed's address is missing");
    FeedCursor position = parse_feed_cursor(cursor);
    net::HttpRequest request = feed_request(options_, session.credential, position);
    const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), session.deadline);
    if (!response) co_return response.error();
    // Nobody documents what a feed's server calls a request.
    co_return net::told_by(parse_feed(*response, std::move(position), clock_.now()), *response);
  }

 private:
  net::HttpTransport& transport_;
  Options options_;
  const Clock& clock_;
};

}  // namespace

providers::Adapter make_ics_adapter(net::HttpTransport& transport, const Options& options, const Clock& clock) {
  providers::Adapter adapter;
  adapter.name = "ics";
  adapter.reader = std::make_unique<FeedReader>(transport, options, clock);
  adapter.bounds.account_calls = options.account_calls;
  adapter.bounds.host_calls = options.host_calls;
  adapter.bounds.full_reads = options.full_reads;
  adapter.host_of = [insecure = options.allow_insecure](const Secret& feed) {
    const auto url = net::parse_url(net::feed_url(feed.reveal(), insecure));
    return url ? url->host : std::string();
  };
  return adapter;
}

}  // namespace calsync::ics
