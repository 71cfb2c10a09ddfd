// SPDX-License-Identifier: Apache-2.0
#include "common/net/answer_evidence.hpp"

#include <catch2/catch.hpp>

#include "common/providers/google/google_authorizer.hpp"
#include "common/providers/microsoft/entra_errors.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/registry.hpp"
#include "common/sync/outcome.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

using namespace calsync;
using testing::http_response;

namespace {

const std::string guid = "0B2D2C2A-8A4B-4D3E-9C7F-1A2B3C4D5E6F";
const std::string same = "0b2d2c2a-8a4b-4d3e-9c7f-1a2b3c4d5e6f";

/// Every adapter over one scripted transport.
struct World {
  World() {
    providers::RegistrySettings settings;
    settings.google.emplace();
    settings.microsoft.emplace();
    registry.emplace(settings, transport, clock, metrics);
  }
  providers::Session session() {
    return {Secret("https://feeds.example/f"), "a", Deadline(clock, std::chrono::hours(1))};
  }
  Error listing(const std::string& provider) {
    const auto read = testing::run_task(registry->find(provider)->reader->list_events(session(), "c", "", ""));
    REQUIRE_FALSE(read.has_value());
    return read.error();
  }
  testing::FakeTransport transport;
  testing::VirtualClock clock;
  Metrics metrics;
  std::optional<providers::Registry> registry;
};

}  // namespace

TEST_CASE("only a GUID is repeated as a provider's name for a request", "[net][evidence]") {
  CHECK(net::request_name(guid) == same);
  for (const std::string& odd :
       {std::string(), std::string("Bearer x"), guid + "0", guid.substr(1), "{" + guid.substr(2) + "}",
        std::string(36, 'a'), std::string(36, '-'), std::string(500, 'a'), guid.substr(0, 35) + "\n"})
    CHECK(net::request_name(odd).empty());
}

TEST_CASE("what an answer led to keeps its first evidence", "[net][evidence]") {
  const Error first = net::told_by(fail(Failure::rejected, "no"), http_response(403, ""), same);
  CHECK((first.status == 403 && first.request_id == same));
  const Error second = net::told_by(first, http_response(200, ""), "other");
  CHECK((second.status == 403 && second.request_id == same));
}

TEST_CASE("every adapter says which status a refusal had", "[google][microsoft][ics][evidence]") {
  const std::string provider = GENERATE("google", "microsoft", "ics");
  const int status = GENERATE(400, 401, 403, 404, 410, 429, 500, 503);
  CAPTURE(provider, status);
  World world;
  world.transport.reply(status, "", {{"request-id", guid}, {"x-request-id", guid}});
  const Error error = world.listing(provider);
  CHECK(error.status == status);
  // The others document no header for it.
  CHECK(error.request_id == (provider == "microsoft" ? same : ""));
}

TEST_CASE("an answer that cannot be understood is evidence, too", "[google][microsoft][ics][evidence]") {
  const std::string provider = GENERATE("google", "microsoft", "ics");
  CAPTURE(provider);
  World world;
  world.transport.reply(200, "<html>", {{"request-id", guid}});
  const Error error = world.listing(provider);
  CHECK(error.failure == Failure::malformed);
  CHECK(error.status == 200);
  CHECK(error.request_id == (provider == "microsoft" ? same : ""));
}

TEST_CASE("where there was no answer there is no evidence", "[google][evidence]") {
  World world;
  world.transport.reply(fail(Failure::network, "refused"));
  const Error error = world.listing("google");
  CHECK((error.status == 0 && error.request_id.empty()));
}

TEST_CASE("the token endpoints' refusals are evidence", "[google][microsoft][evidence]") {
  const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
  for (const int status : {400, 401, 429, 503}) {
    const auto google = net::parse_token_response(http_response(status, R"({"error":"invalid_grant"})"), now);
    CHECK(google.error().status == status);
    CHECK(google.error().request_id.empty());
  }
  CHECK(net::parse_token_response(http_response(200, "{}"), now).error().status == 200);
  const auto entra = [&](const std::string& more, std::vector<net::Header> headers = {}) {
    const std::string body = R"({"error":"invalid_grant","error_codes":[70008])" + more + "}";
    const Error error = microsoft::parse_entra_tokens(http_response(400, body, std::move(headers)), now).error();
    CHECK(error.status == 400);
    return error.request_id;
  };
  CHECK(entra(R"(,"trace_id":")" + guid + R"(","correlation_id":"x")") == same);
  CHECK(entra(R"(,"trace_id":"a refresh token","correlation_id":")" + guid + R"(")") == same);
  CHECK(entra("", {{"x-ms-request-id", guid}}) == same);
  CHECK(entra(R"(,"trace_id":"a refresh token")").empty());
}

TEST_CASE("a verdict carries its evidence", "[sync][evidence]") {
  const Failure failure = GENERATE(Failure::unavailable, Failure::grant_dead, Failure::throttled, Failure::rejected);
  const Error error = net::told_by(fail(failure, "no"), http_response(418, ""), same);
  const sync::Outcome outcome = sync::decide(error, {1, 1}, 0.5);
  CHECK((outcome.provider_status == 418 && outcome.provider_request_id == same));
  CHECK(sync::completed().provider_status == 0);
}
