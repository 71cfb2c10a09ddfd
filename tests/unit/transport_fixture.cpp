// SPDX-License-Identifier: Apache-2.0
#include "transport_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "common/async/cancelled.hpp"

namespace calsync::testing {

TableResolver::TableResolver(ManualClock& clock, Table table, int& lookups)
    : clock_(clock), table_(std::move(table)), lookups_(lookups) {}

Task<Result<net::Addresses>> TableResolver::resolve(std::string host) {
  ++lookups_;
  const auto found = table_.find(host);
  if (found == table_.end()) co_return fail(Failure::network, "no such name");
  if (found->second.empty()) co_await clock_.sleep(std::chrono::hours(24));
  net::Addresses addresses;
  for (const std::string& text : found->second) addresses.push_back(asio::ip::make_address(text));
  co_return addresses;
}

net::TransportOptions TransportFixture::open_options() {
  net::TransportOptions options;
  options.allow_insecure = true;
  options.allow_private_addresses = true;
  return options;
}

TransportFixture::TransportFixture(net::TransportOptions options, TableResolver::Table names) {
  use(std::move(options), std::move(names));
}

void TransportFixture::use(net::TransportOptions options, TableResolver::Table names) {
  std::unique_ptr<net::Resolver> resolver;
  if (names.empty()) {
    resolver = net::make_system_resolver();
  } else {
    resolver = std::make_unique<TableResolver>(clock, std::move(names), lookups);
  }
  transport = net::make_beast_transport(context.get_executor(), clock, std::move(options), std::move(resolver));
}

void TransportFixture::begin(net::HttpRequest request, Duration deadline) {
  answer_.reset();
  const auto keep = [this](std::exception_ptr failure, Result<net::HttpResponse> answer) {
    if (!failure) {
      answer_ = std::move(answer);
    } else if (is_cancellation(failure)) {
      answer_ = fail(Failure::cancelled, "an exception");
    } else {
      std::rethrow_exception(failure);
    }
  };
  asio::co_spawn(context, transport->send(std::move(request), Deadline(clock, deadline)),
                 asio::bind_cancellation_slot(cancel.slot(), keep));
}

Result<net::HttpResponse> TransportFixture::finish() {
  run_until([this] { return answer_.has_value(); });
  return *answer_;
}

Result<net::HttpResponse> TransportFixture::send(net::HttpRequest request, Duration deadline) {
  begin(std::move(request), deadline);
  return finish();
}

Result<net::HttpResponse> TransportFixture::get(const std::string& url) {
  net::HttpRequest request;
  request.url = url;
  return send(std::move(request));
}

void TransportFixture::run_one() {
  context.restart();
  if (context.run_one_for(std::chrono::seconds(10)) == 0) FAIL("nothing happened for ten seconds");
}

void TransportFixture::settle() {
  context.restart();
  while (context.poll() > 0) {
  }
}

}  // namespace calsync::testing
