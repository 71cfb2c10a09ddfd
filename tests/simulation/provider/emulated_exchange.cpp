// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/emulated_exchange.hpp"

#include "common/net/url.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/service.hpp"
#include "tests/emulator/text.hpp"

namespace calsync::simulation {
namespace {

using emulator::Delivery;

std::vector<net::Header> header_lines(const emulator::Response& response) {
  std::vector<net::Header> lines{{"Date", emulator::http_date(emulator::now_ms() / 1000)},
                                 {"Content-Type", response.content_type}};
  for (const std::string_view line : emulator::split(response.headers, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    lines.emplace_back(line.substr(0, colon), emulator::trim(line.substr(colon + 1)));
  }
  return lines;
}

Error broken_off(std::size_t bytes, std::string_view cause) {
  return fail(Failure::network,
              "the answer broke off after " + std::to_string(bytes) + " bytes: " + std::string(cause));
}

Error too_large(std::size_t most) {
  return fail(Failure::malformed, "the answer is larger than " + std::to_string(most) + " bytes");
}

bool has_body(const net::HttpRequest& request, const emulator::Response& response) {
  return request.method != "HEAD" && response.status != 204 && response.status != 304;
}

/// The bytes that arrive, or why they are no answer.
Result<std::string> received_body(const net::HttpRequest& request, emulator::Response& response,
                                  std::int64_t oversized_bytes) {
  switch (response.delivery) {
    case Delivery::drop_before:
      return fail(Failure::network, "there was no answer: Connection reset by peer");
    case Delivery::drop_mid_body:
      return broken_off(response.body.size() / 2, "Connection reset by peer");
    case Delivery::truncated:
      if (response.body.empty()) break;
      return broken_off(response.body.size() / 2, "the connection was closed");
    case Delivery::endless:
      if (static_cast<std::uint64_t>(oversized_bytes) > request.max_body) return too_large(request.max_body);
      response.body.assign(static_cast<std::size_t>(oversized_bytes), ' ');
      break;
    case Delivery::whole:
      break;
  }
  if (!has_body(request, response)) return std::string();
  if (response.body.size() > request.max_body) return too_large(request.max_body);
  return std::move(response.body);
}

}  // namespace

emulator::Response answer_in_process(emulator::Provider& provider, const net::HttpRequest& request) {
  emulator::Request asked;
  asked.method = request.method;
  asked.authorization = request.authorization.reveal();
  asked.content_type = request.content_type;
  asked.body = request.body.reveal();
  if (const auto url = net::parse_url(request.url)) {
    const bool secure = url->scheme == "https";
    // Links in answers lead to where the call went.
    if (secure) asked.forwarded_proto = "https";
    asked.host = url->host;
    if (url->port != (secure ? "443" : "80")) asked.host.append(":").append(url->port);
    asked.set_target(url->target);
  }
  for (const auto& [name, value] : request.headers)
    if (std::string* field = asked.field(name)) *field = value;
  return emulator::Service(provider).answer(asked);
}

Result<net::HttpResponse> received(const net::HttpRequest& request, emulator::Response response,
                                   std::int64_t oversized_bytes) {
  Result<std::string> body = received_body(request, response, oversized_bytes);
  if (!body) return body.error();
  return net::HttpResponse{static_cast<int>(response.status), header_lines(response), *std::move(body), {}};
}

}  // namespace calsync::simulation
