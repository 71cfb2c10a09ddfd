// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/network_checks.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <set>

#include "common/net/url.hpp"

namespace calsync::doctor {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::chrono::seconds clocks_differ{60};

/// Each origin once.
std::set<std::pair<std::string, std::string>> origins_of(const Settings& settings) {
  std::set<std::pair<std::string, std::string>> origins;
  const auto add = [&](const char* provider, const std::string& url) {
    if (const auto parsed = net::parse_url(url.substr(0, url.find("/{")))) origins.emplace(provider, parsed->origin());
  };
  if (!settings.google.client_id.empty()) {
    for (const std::string* url : {&settings.google.authorize, &settings.google.token, &settings.google.api})
      add("google", *url);
  }
  if (!settings.microsoft.client_id.empty()) {
    for (const std::string* url : {&settings.microsoft.authorize, &settings.microsoft.token, &settings.microsoft.api})
      add("microsoft", *url);
  }
  return origins;
}

Task<ProviderReport> check_origin(net::HttpTransport& transport, AsyncClock& clock, std::string provider,
                                  std::string origin) {
  net::HttpRequest request;
  request.method = "HEAD";
  request.url = origin + "/";
  const std::string name = fmt::format("provider {}", provider);
  const Result<net::HttpResponse> answer = co_await transport.send(std::move(request), Deadline(clock, patience));
  if (!answer) {
    const bool ours = answer.error().failure == Failure::misconfigured;
    co_return ProviderReport{
        {ours ? Grade::wrong : Grade::away, name, fmt::format("{}: {}", origin, answer.error().message),
         "check the endpoints under providers, the network, DNS, the proxy and ca_file"},
        {}};
  }
  ProviderReport report{{Grade::ok, name, fmt::format("{} answers", origin)}, {}};
  if (const auto date = parse_http_date(answer->header("date"))) report.clock_ahead = clock.now() - *date;
  co_return report;
}

bool listens(asio::any_io_executor executor, const std::string& host, std::uint16_t port,
             boost::system::error_code& error) {
  using boost::asio::ip::tcp;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error) return false;
  tcp::acceptor acceptor(executor);
  const tcp::endpoint endpoint(address, port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1, error);
  return !error;
}

}  // namespace

Task<std::vector<ProviderReport>> check_providers(net::HttpTransport& transport, AsyncClock& clock,
                                                  const Settings& settings) {
  std::vector<ProviderReport> reports;
  for (const auto& [provider, origin] : origins_of(settings))
    reports.push_back(co_await check_origin(transport, clock, provider, origin));
  co_return reports;
}

Task<Finding> check_port(asio::any_io_executor executor, net::HttpTransport& own, AsyncClock& clock, std::string key,
                         std::string host, std::uint16_t port) {
  const std::string place = fmt::format("{}:{}", host, port);
  boost::system::error_code error;
  if (listens(executor, host, port, error)) co_return Finding{Grade::ok, "port", fmt::format("{} is free", place)};
  if (error == boost::asio::error::address_in_use) {
    net::HttpRequest request;
    request.url = fmt::format("http://{}/healthz",
                              host.find(':') == std::string::npos ? place : fmt::format("[{}]:{}", host, port));
    const Result<net::HttpResponse> answer = co_await own.send(std::move(request), Deadline(clock, patience));
    if (answer && answer->status == 200 && answer->body.find("\"status\":\"ok\"") != std::string::npos)
      co_return Finding{Grade::ok, "port", fmt::format("a daemon of ours already listens on {}", place)};
  }
  co_return Finding{Grade::wrong, "port", fmt::format("cannot listen on {}: {}", place, error.message()),
                    fmt::format("end what listens there, or set {} to another one", key)};
}

Finding check_clock(const std::optional<Duration>& database, const std::vector<ProviderReport>& providers) {
  std::string seen;
  const auto judge = [&](const char* whose, const std::optional<Duration>& ahead) -> std::optional<Finding> {
    if (!ahead) return std::nullopt;
    seen += fmt::format("{}{}", seen.empty() ? "" : " and ", whose);
    if (std::chrono::abs(*ahead) <= clocks_differ) return std::nullopt;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(*ahead)).count();
    return Finding{Grade::wrong, "clock",
                   fmt::format("this machine's clock is {} seconds {} {}", seconds,
                               ahead->count() > 0 ? "ahead of" : "behind", whose),
                   "set the machines' clocks right (NTP)"};
  };
  if (auto wrong = judge("the database's", database)) return *wrong;
  for (const ProviderReport& one : providers) {
    if (auto wrong = judge("the provider's", one.clock_ahead)) return *wrong;
    if (one.clock_ahead) break;
  }
  if (seen.empty()) return {Grade::warn, "clock", "nobody answered to compare it with", "see the other lines"};
  return {Grade::ok, "clock", fmt::format("it agrees with {}", seen)};
}

}  // namespace calsync::doctor
