// SPDX-License-Identifier: Apache-2.0
#include "common/net/beast_transport.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "common/async/deadline.hpp"
#include "common/net/address_guard.hpp"
#include "common/net/connection_pool.hpp"
#include "common/net/exchange.hpp"
#include "common/net/redirect.hpp"
#include "common/net/request_head.hpp"
#include "common/net/resolver.hpp"
#include "common/net/tls_stream.hpp"
#include "common/net/url.hpp"

namespace calsync::net {
namespace {

using StreamPtr = std::unique_ptr<ByteStream>;
using asio::ip::tcp;

Error at_host(Error error, const std::string& host) {
  error.message = host + ": " + error.message;
  return error;
}

std::set<std::string> canonical_origins(const std::vector<std::string>& origins) {
  std::set<std::string> canonical;
  for (const std::string& origin : origins) {
    const auto url = parse_url(origin);
    if (!url) throw std::invalid_argument("the trusted origin '" + origin + "' is not a URL: " + url.error().message);
    canonical.insert(url->origin());
  }
  return canonical;
}

std::unique_ptr<TlsSessions> tls_sessions(const std::string& ca_file) {
  auto sessions = TlsSessions::create(ca_file);
  if (!sessions) throw std::invalid_argument(sessions.error().message);
  return *std::move(sessions);
}

class BeastTransport final : public HttpTransport {
 public:
  BeastTransport(asio::any_io_executor executor, AsyncClock& clock, TransportOptions options,
                 std::unique_ptr<Resolver> resolver)
      : executor_(std::move(executor)),
        clock_(clock),
        options_(std::move(options)),
        trusted_(canonical_origins(options_.trusted_origins)),
        tls_(tls_sessions(options_.ca_file)),
        resolver_(std::move(resolver)),
        pool_(clock, {options_.idle_timeout, options_.max_idle_per_origin, options_.max_idle}) {}

  Task<Result<HttpResponse>> send(HttpRequest request, Deadline deadline) override {
    const Result<Url> url = parse_url(request.url);
    if (!url) co_return url.error();
    Task<Result<HttpResponse>> work = follow(std::move(request));
    Result<HttpResponse> answer = co_await with_deadline(clock_, deadline, std::move(work));
    const bool late = !answer && answer.error().failure == Failure::timeout && deadline.passed(clock_);
    if (late) co_return fail(Failure::timeout, url->host + ": no complete answer in time");
    co_return answer;
  }

 private:
  /// The request and the redirects it leads to.
  Task<Result<HttpResponse>> follow(HttpRequest request) {
    for (int hops = 0; hops <= max_redirects; ++hops) {
      const Result<Url> url = parse_url(request.url);
      if (!url) co_return url.error();
      Result<HttpResponse> answer = co_await answer_of(request, *url);
      if (!answer) co_return at_host(answer.error(), url->host);
      answer->url = request.url;
      if (!redirects(request, *answer)) co_return answer;
      Result<HttpRequest> next = redirected(std::move(request), *answer);
      if (!next) co_return at_host(next.error(), url->host);
      request = *std::move(next);
    }
    co_return fail(Failure::malformed, "more than " + std::to_string(max_redirects) + " redirects in a row");
  }

  /// One request over a pooled or a new connection. `request` and `url` live in the caller's frame.
  Task<Result<HttpResponse>> answer_of(const HttpRequest& request, const Url& url) {
    if (url.scheme != "https" && !options_.allow_insecure) {
      co_return fail(Failure::misconfigured, "plain http is not allowed");
    }
    const Result<Secret> head = request_head(request, url, options_.user_agent);
    if (!head) co_return head.error();
    const std::string origin = url.origin();
    if (StreamPtr pooled = pool_.take(origin)) {
      Exchange first = co_await exchange(*pooled, *head, request);
      // The peer may have closed an idle connection while the request was on its way. Only what may be done twice
      // without harm is sent again (RFC 9110 section 9.2.2), and only if it cannot have been answered.
      const bool dead = !first.answer && first.answer.error().failure == Failure::network && !first.answered;
      const bool repeatable = request.method == "GET" || request.method == "HEAD";
      if (!dead || !repeatable) co_return settle(std::move(first), origin, std::move(pooled));
    }
    Task<Result<StreamPtr>> opening = open_in_time(url);
    Result<StreamPtr> opened = co_await std::move(opening);
    if (!opened) co_return opened.error();
    Exchange exchanged = co_await exchange(**opened, *head, request);
    co_return settle(std::move(exchanged), origin, *std::move(opened));
  }

  Result<HttpResponse> settle(Exchange exchanged, const std::string& origin, StreamPtr stream) {
    if (exchanged.reusable) pool_.put(origin, std::move(stream));
    return std::move(exchanged.answer);
  }

  Task<Result<StreamPtr>> open_in_time(Url url) {
    const Deadline deadline(clock_, options_.connect_timeout);
    Task<Result<StreamPtr>> work = open(std::move(url), deadline);
    Result<StreamPtr> opened = co_await with_deadline(clock_, deadline, std::move(work));
    const bool late = !opened && opened.error().failure == Failure::timeout;
    if (late) co_return fail(Failure::timeout, "no connection in time");
    co_return opened;
  }

  Task<Result<StreamPtr>> open(Url url, Deadline deadline) {
    const Result<std::vector<tcp::endpoint>> endpoints = co_await allowed_endpoints(url);
    if (!endpoints) co_return endpoints.error();
    Result<Socket> socket = co_await connect_any(*endpoints, deadline);
    if (!socket) co_return socket.error();
    if (url.scheme != "https") co_return plain_stream(*std::move(socket));
    Openssl<SSL> handle = tls_->handle(url.host, url.origin());
    if (!handle) co_return fail(Failure::invalid_input, "TLS cannot be spoken with such a host name");
    Task<Result<StreamPtr>> handshake = open_tls(*std::move(socket), std::move(handle));
    co_return co_await std::move(handshake);
  }

  /// Where the URL's host really is, without the places a stranger may not send us. Whoever connects uses these very
  /// addresses: a second lookup could answer differently.
  Task<Result<std::vector<tcp::endpoint>>> allowed_endpoints(const Url& url) {
    const Result<Addresses> addresses = co_await addresses_of(url.host);
    if (!addresses) co_return fail(addresses.error().failure, "the name has no address: " + addresses.error().message);
    unsigned short port = 0;
    std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
    const bool trusted = options_.allow_private_addresses || trusted_.contains(url.origin());
    std::vector<tcp::endpoint> endpoints;
    std::optional<std::string_view> refused;
    for (const auto& address : *addresses) {
      const auto special = trusted ? std::nullopt : special_purpose(address);
      if (special) refused = special;
      if (!special) endpoints.emplace_back(address, port);
    }
    if (!endpoints.empty()) co_return endpoints;
    if (!refused) co_return fail(Failure::network, "the name has no address");
    co_return fail(Failure::misconfigured, "its address is not public (" + std::string(*refused) + ")");
  }

  Task<Result<Addresses>> addresses_of(const std::string& host) {
    boost::system::error_code not_literal;
    const auto literal = asio::ip::make_address(host, not_literal);
    if (!not_literal) co_return Addresses(1, literal);
    Task<Result<Addresses>> lookup = resolver_->resolve(host);
    co_return co_await std::move(lookup);
  }

  /// The first address that accepts. Each has an equal share of the time that is left, so that one that swallows
  /// packets (a broken IPv6 route, say) does not use it up.
  Task<Result<Socket>> connect_any(const std::vector<tcp::endpoint>& endpoints, Deadline deadline) {
    Error last = fail(Failure::network, "the name has no address");
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      const Duration share = deadline.remaining(clock_) / static_cast<std::int64_t>(endpoints.size() - i);
      Task<Result<Socket>> attempt = connect_tcp(executor_, endpoints[i]);
      Result<Socket> socket = co_await with_deadline(clock_, Deadline(clock_, share), std::move(attempt));
      if (socket || socket.error().failure == Failure::cancelled) co_return socket;
      last = fail(socket.error().failure, "no connection: " + socket.error().message);
    }
    co_return last;
  }

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  TransportOptions options_;
  std::set<std::string> trusted_;
  std::unique_ptr<TlsSessions> tls_;
  std::unique_ptr<Resolver> resolver_;
  ConnectionPool pool_;
};

}  // namespace

std::unique_ptr<HttpTransport> make_beast_transport(asio::any_io_executor executor, AsyncClock& clock,
                                                    TransportOptions options) {
  return make_beast_transport(std::move(executor), clock, std::move(options), make_system_resolver());
}

std::unique_ptr<HttpTransport> make_beast_transport(asio::any_io_executor executor, AsyncClock& clock,
                                                    TransportOptions options, std::unique_ptr<Resolver> resolver) {
  return std::make_unique<BeastTransport>(std::move(executor), clock, std::move(options), std::move(resolver));
}

}  // namespace calsync::net
