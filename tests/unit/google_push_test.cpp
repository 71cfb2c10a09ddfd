// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_push.hpp"

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "common/providers/google/google_adapter.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::google {
namespace {

using testing::http_response;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

Options test_options() {
  Options options;
  options.endpoints.api = "https://api.test/calendar/v3/";
  return options;
}

providers::ChannelRequest channel() {
  return {"team@group.calendar.google.com", "11111111-2222-4333-8444-555555555555", Secret("s3cret"),
          "https://sync.example/api/webhooks/calendar/google", std::chrono::hours(24 * 7)};
}

std::string refusal(int status, const std::string& reason, const std::string& message = "said so") {
  return R"({"error":{"errors":[{"domain":"global","reason":")" + reason + R"(","message":")" + message +
         R"("}],"code":)" + std::to_string(status) + R"(,"message":")" + message + R"("}})";
}

}  // namespace

TEST_CASE("a watch request names the channel, its address, its secret and its life", "[google][push]") {
  testing::VirtualClock clock;
  const providers::Session session{Secret("ya29.a"), "108", Deadline(clock, std::chrono::seconds(30))};
  const net::HttpRequest request = watch_request(test_options(), session, channel());
  CHECK(request.method == "POST");
  CHECK(request.url == "https://api.test/calendar/v3/calendars/team%40group.calendar.google.com/events/watch");
  CHECK(request.content_type == "application/json");
  CHECK(request.authorization == Secret("Bearer ya29.a"));
  const auto body = json::parse(request.body.reveal());
  REQUIRE(body.has_value());
  CHECK(json::text_at(*body, "id") == channel().channel_id);
  CHECK(json::text_at(*body, "type") == "web_hook");
  CHECK(json::text_at(*body, "address") == channel().address);
  CHECK(json::text_at(*body, "token") == "s3cret");
  CHECK(json::text_at(*json::object_at(*body, "params"), "ttl") == "604800");
}

TEST_CASE("a stop request names the channel and its resource", "[google][push]") {
  testing::VirtualClock clock;
  const providers::Session session{Secret("ya29.a"), "108", Deadline(clock, std::chrono::seconds(30))};
  const net::HttpRequest request = stop_request(test_options(), session, "c1", "res1");
  CHECK(request.method == "POST");
  CHECK(request.url == "https://api.test/calendar/v3/channels/stop");
  CHECK(request.body == Secret(R"({"id":"c1","resourceId":"res1"})"));
}

TEST_CASE("an opened channel", "[google][push]") {
  SECTION("expiration as a string, as the API writes int64") {
    const auto opened = parse_watch(
        http_response(200, R"({"kind":"api#channel","id":"c1","resourceId":"res1","expiration":"1772496000000"})"),
        now);
    REQUIRE(opened.has_value());
    REQUIRE(opened->has_value());
    CHECK((*opened)->resource_id == "res1");
    CHECK((*opened)->expires_at == Time(std::chrono::seconds(1772496000)));
  }
  SECTION("expiration as a number, as in the guide") {
    const auto opened = parse_watch(http_response(200, R"({"resourceId":"res1","expiration":1772496000000})"), now);
    REQUIRE(opened.has_value());
    CHECK((*opened)->expires_at == Time(std::chrono::seconds(1772496000)));
  }
  SECTION("no expiration: as asked") {
    const auto opened = parse_watch(http_response(200, R"({"resourceId":"res1"})"), now);
    REQUIRE(opened.has_value());
    CHECK_FALSE((*opened)->expires_at.has_value());
  }
}

TEST_CASE("answers to a watch request that cannot be used", "[google][push]") {
  const auto body = GENERATE(
      values<std::string>({"", "[]", "nonsense", "{}", R"({"resourceId":""})",
                           R"({"resourceId":"r","expiration":"1000"})", R"({"resourceId":"r","expiration":-5})"}));
  CAPTURE(body);
  const auto opened = parse_watch(http_response(200, body), now);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().failure == Failure::malformed);
}

TEST_CASE("an expiration beyond all time counts as none", "[google][push]") {
  const auto opened = parse_watch(http_response(200, R"({"resourceId":"r","expiration":"9223372036854775807"})"), now);
  REQUIRE(opened.has_value());
  CHECK_FALSE((*opened)->expires_at.has_value());
}

TEST_CASE("calendars that cannot be watched are no failure", "[google][push]") {
  const auto opened = parse_watch(http_response(400, refusal(400, "pushNotSupportedForRequestedResource")), now);
  REQUIRE(opened.has_value());
  CHECK_FALSE(opened->has_value());
}

TEST_CASE("refusals of a watch request", "[google][push]") {
  struct Row {
    int status;
    std::string reason;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {400, "push.webhookUrlNotHttps", Failure::misconfigured},
      {400, "push.webhookUrlNoHostOrAddress", Failure::misconfigured},
      // About the address: renewing the access token would not help.
      {401, "push.webhookUrlUnauthorized", Failure::misconfigured},
      {401, "authError", Failure::token_rejected},
      {400, "channelIdNotUnique", Failure::rejected},
      {403, "notACalendarUser", Failure::rejected},
      {403, "insufficientPermissions", Failure::scope_missing},
      {403, "rateLimitExceeded", Failure::throttled},
      {404, "notFound", Failure::not_found},
      {503, "backendError", Failure::unavailable},
  }));
  CAPTURE(row.status, row.reason);
  const auto opened = parse_watch(http_response(row.status, refusal(row.status, row.reason)), now);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().failure == row.failure);
}

TEST_CASE("the end of a channel", "[google][push]") {
  CHECK(parse_stop(http_response(204, ""), now).has_value());
  CHECK(parse_stop(http_response(200, "{}"), now).has_value());
  CHECK(parse_stop(http_response(404, refusal(404, "notFound")), now).has_value());
  CHECK(parse_stop(http_response(401, refusal(401, "authError")), now).error().failure == Failure::token_rejected);
  CHECK(parse_stop(http_response(403, refusal(403, "forbidden")), now).error().failure == Failure::rejected);
  CHECK(parse_stop(http_response(503, ""), now).error().failure == Failure::unavailable);
}

TEST_CASE("a message names its channel, its secret and its resource in each of its three states", "[google][push]") {
  const auto decode = [](const std::string& state) {
    const auto header = [&](std::string_view name) -> std::string_view {
      if (name == "x-goog-channel-id") return "c1";
      if (name == "x-goog-channel-token") return "s1";
      if (name == "x-goog-resource-id") return "r1";
      return name == "x-goog-resource-state" ? std::string_view(state) : std::string_view();
    };
    return GooglePushDecoder().decode({header, {}, {}});
  };
  for (const char* state : {"sync", "exists", "not_exists"}) {
    CAPTURE(state);
    const auto decoded = decode(state);
    REQUIRE(decoded.has_value());
    const auto& message = std::get<providers::PushMessage>(*decoded);
    REQUIRE(message.items.size() == 1);
    CHECK(message.items[0].channel_id == "c1");
    CHECK(message.items[0].token.reveal() == "s1");
    CHECK(message.items[0].resource_id == "r1");
  }
  CHECK(decode("update").error().failure == Failure::invalid_input);
}

TEST_CASE("the adapter opens and stops channels with one call each", "[google][push]") {
  testing::VirtualClock clock;
  testing::FakeTransport google;
  const providers::Adapter adapter = make_google_adapter(test_options(), google, clock);
  REQUIRE(adapter.push_channels != nullptr);
  google
      .expect("POST", "https://api.test/calendar/v3/calendars/team%40group.calendar.google.com/events/watch",
              http_response(200, R"({"resourceId":"res1","expiration":"4102444800000"})"))
      .expect("POST", "https://api.test/calendar/v3/channels/stop", http_response(204, ""));
  const providers::Session session{Secret("ya29.a"), "108", Deadline(clock, std::chrono::seconds(30))};
  const auto opened = testing::run_task(adapter.push_channels->open(session, channel()));
  REQUIRE(opened.has_value());
  REQUIRE(opened->has_value());
  CHECK(testing::run_task(adapter.push_channels->stop(session, "c1", (*opened)->resource_id)).has_value());
  CHECK(google.exhausted());
}

}  // namespace calsync::google
