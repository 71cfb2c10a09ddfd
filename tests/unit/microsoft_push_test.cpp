// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/providers/google/google_push.hpp"
#include "common/providers/microsoft/graph_push_channels.hpp"
#include "common/providers/microsoft/graph_push_decoder.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::microsoft {
namespace {

using providers::PushHandshake;
using providers::PushKind;
using providers::PushMessage;
using testing::http_response;
using testing::run_task;
using namespace std::chrono_literals;

const std::string subscriptions = "https://graph.test/v1.0/subscriptions";
const std::string channel_id = "11111111-2222-4333-8444-555555555555";
const std::string address = "https://sync.example/api/webhooks/calendar/microsoft";

using Headers = std::map<std::string, std::string, std::less<>>;

auto decode(const providers::PushDecoder& decoder, const std::string& body, const Headers& query = {},
            const Headers& headers = {}) {
  const auto find = [](const Headers& from) {
    return [&from](std::string_view name) -> std::string_view {
      const auto found = from.find(name);
      return found == from.end() ? std::string_view() : std::string_view(found->second);
    };
  };
  return decoder.decode({find(headers), find(query), body});
}

struct Fixture {
  testing::VirtualClock clock;
  testing::FakeTransport graph;
  GraphPushChannels channels{options(), graph, clock};

  static Options options() {
    Options options;
    options.endpoints.api = "https://graph.test/v1.0";
    return options;
  }
  providers::Session session() const { return {Secret("eyJ.a"), "o@t", Deadline(clock, 30s)}; }
  static providers::ChannelRequest request(std::chrono::seconds life = 7 * 24h) {
    return {"AAMk=", channel_id, Secret("s3cret"), address, life};
  }
};

std::string subscription(const std::string& id, const std::string& resource, const std::string& channel) {
  return R"({"id":")" + id + R"(","resource":")" + resource + R"(","notificationUrl":")" + address +
         R"(","lifecycleNotificationUrl":")" + address + "?channel=" + channel + R"("})";
}

const std::string opened_body =
    R"({"id":"sub-1","resource":"me/calendars/AAMk=/events","expirationDateTime":"2026-03-08T23:45:00Z"})";

std::string refusal(const std::string& code) { return R"({"error":{"code":")" + code + R"(","message":"said so"}})"; }

}  // namespace

TEST_CASE("the handshake wants the token back", "[microsoft][push]") {
  const GraphPushDecoder decoder;
  const std::string token = "Validation: Testing client application reachability for subscription Request-Id: a+b <c>";
  const auto decoded = decode(decoder, "", {{"validationToken", token}});
  REQUIRE(decoded.has_value());
  CHECK(std::get<PushHandshake>(*decoded).text == token);
  CHECK(decode(decoder, "whatever", {{"validationToken", "t"}}).has_value());
  CHECK_FALSE(decode(decoder, "", {{"validationToken", std::string(9000, 'x')}}).has_value());
  CHECK_FALSE(decode(decoder, "", {{"validationToken", ""}}).has_value());
}

TEST_CASE("each item of a message is one of its own", "[microsoft][push]") {
  const auto decoded = decode(GraphPushDecoder(), testing::read_fixture("microsoft/notifications_mixed.json"));
  REQUIRE(decoded.has_value());
  const auto& message = std::get<PushMessage>(*decoded);
  CHECK(message.accepted == 202);
  CHECK(message.malformed == 2);
  REQUIRE(message.items.size() == 4);
  CHECK(message.items[0].channel_id == channel_id);
  CHECK(message.items[0].token == Secret("s3cret"));
  CHECK(message.items[0].resource_id == "7f105c7d-2dc5-4530-97cd-4e7ae6534c07");
  const PushKind kinds[] = {PushKind::changed, PushKind::renew, PushKind::ended, PushKind::changed};
  for (std::size_t at = 0; at < 4; ++at) CHECK(message.items[at].kind == kinds[at]);
}

TEST_CASE("bodies that are no notification", "[microsoft][push]") {
  const auto body = GENERATE(values<std::string>({"", "[]", "{}", R"({"value":{}})", R"({"value":[{}]})",
                                                  R"({"value":[{"subscriptionId":"s"}]})",
                                                  R"({"value":[{"subscriptionId":"s","clientState":"no dot"}]})",
                                                  R"({"value":[{"subscriptionId":"","clientState":"a.b"}]})",
                                                  R"({"value":[{"subscriptionId":"s","clientState":"a.b\u00e9"}]})",
                                                  R"({"value":[{"subscriptionId":"s","clientState":["a.b"]}]})"}));
  CAPTURE(body);
  const auto decoded = decode(GraphPushDecoder(), body);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().failure == Failure::invalid_input);
  CHECK(std::get<PushMessage>(*decode(GraphPushDecoder(), R"({"value":[]})")).items.empty());
}

TEST_CASE("a message of Google's is one item", "[google][push]") {
  const google::GooglePushDecoder decoder;
  const Headers headers{{"x-goog-channel-id", "c1"},
                        {"x-goog-channel-token", "t"},
                        {"x-goog-resource-id", "r"},
                        {"x-goog-resource-state", "exists"}};
  const auto decoded = decode(decoder, "", {}, headers);
  REQUIRE(decoded.has_value());
  const auto& message = std::get<PushMessage>(*decoded);
  CHECK(message.accepted == 200);
  REQUIRE(message.items.size() == 1);
  CHECK(message.items[0].channel_id == "c1");
  CHECK(message.items[0].kind == PushKind::changed);
  // Google shakes no hands.
  CHECK_FALSE(decode(decoder, "", {{"validationToken", "t"}}).has_value());
}

TEST_CASE("what a subscription asks for", "[microsoft][push]") {
  Fixture f;
  struct Row {
    std::chrono::seconds life;
    std::string expires;
  };
  const auto row = GENERATE(values<Row>({{7 * 24h, "2026-03-08T23:45:00Z"}, {1h, "2026-03-02T01:00:00Z"}}));
  const auto request = subscribe_request(Fixture::options(), f.session(), Fixture::request(row.life), f.clock.now());
  CHECK(request.method == "POST");
  CHECK(request.url == subscriptions);
  const auto body = json::parse(request.body.reveal());
  REQUIRE(body.has_value());
  CHECK(json::text_at(*body, "resource") == "me/calendars/AAMk=/events");
  CHECK(json::text_at(*body, "changeType") == "created,updated,deleted");
  CHECK(json::text_at(*body, "notificationUrl") == address);
  CHECK(json::text_at(*body, "lifecycleNotificationUrl") == address + "?channel=" + channel_id);
  CHECK(json::text_at(*body, "clientState") == channel_id + ".s3cret");
  CHECK(json::text_at(*body, "expirationDateTime") == row.expires);
}

TEST_CASE("answers to a subscription", "[microsoft][push]") {
  Fixture f;
  f.graph.expect("POST", subscriptions, http_response(201, opened_body));
  const auto opened = run_task(f.channels.open(f.session(), Fixture::request()));
  REQUIRE(opened.has_value());
  REQUIRE(opened->has_value());
  CHECK((*opened)->resource_id == "sub-1");
  CHECK((*opened)->expires_at == parse_rfc3339("2026-03-08T23:45:00Z"));
  CHECK_FALSE((*opened)->gap);
}

TEST_CASE("refusals of a subscription", "[microsoft][push]") {
  struct Row {
    int status;
    std::string code;
    std::optional<Failure> failure;  ///< nothing = the calendar cannot be watched
  };
  const auto row = GENERATE(values<Row>({
      {400, "ValidationError", Failure::misconfigured},
      {400, "InvalidRequest", Failure::misconfigured},
      {400, "ExtensionError", std::nullopt},
      {403, "ErrorAccessDenied", std::nullopt},
      {401, "InvalidAuthenticationToken", Failure::token_rejected},
      {404, "ErrorItemNotFound", Failure::not_found},
      {404, "ExtensionError", Failure::not_found},
      {429, "TooManyRequests", Failure::throttled},
      {503, "", Failure::unavailable},
  }));
  CAPTURE(row.status, row.code);
  const auto opened = parse_subscribed(http_response(row.status, refusal(row.code)), {});
  CHECK(opened.has_value() == !row.failure.has_value());
  if (row.failure) {
    CHECK(opened.error().failure == *row.failure);
  } else {
    CHECK_FALSE(opened->has_value());
  }
  for (const char* body : {"", "[]", "{}", R"({"id":"s","expirationDateTime":"2020-01-01T00:00:00Z"})"}) {
    const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
    CHECK(parse_subscribed(http_response(201, body), now).error().failure == Failure::malformed);
  }
}

TEST_CASE("where a second subscription is refused, ours for that calendar ends first", "[microsoft][push]") {
  Fixture f;
  const std::string list =
      R"({"value":[)" + subscription("old", "me/calendars/AAMk=/events", "c-old") + "," +
      subscription("other", "me/calendars/AAMkOther=/events", "c-2") + "," +
      R"({"id":"foreign","resource":"me/calendars/AAMk=/events","lifecycleNotificationUrl":"https://else.example/?channel=1"},7]})";
  f.graph.expect("POST", subscriptions, http_response(409, refusal("Conflict")))
      .expect("GET", subscriptions, http_response(200, list))
      .expect("DELETE", subscriptions + "/old", http_response(204, ""))
      .expect("POST", subscriptions, http_response(201, opened_body));
  const auto opened = run_task(f.channels.open(f.session(), Fixture::request()));
  REQUIRE(opened.has_value());
  CHECK((*opened)->gap);
  CHECK(f.graph.exhausted());
  f.graph.reply(409, refusal("Conflict")).reply(200, R"({"value":[]})");
  CHECK(run_task(f.channels.open(f.session(), Fixture::request())).error().failure == Failure::conflict);
}

TEST_CASE("the end of a subscription", "[microsoft][push]") {
  Fixture f;
  f.graph.expect("DELETE", subscriptions + "/sub-1", http_response(204, ""))
      .expect("DELETE", subscriptions + "/sub-1", http_response(404, refusal("ResourceNotFound")))
      .expect("DELETE", subscriptions + "/sub-1", http_response(503, ""));
  CHECK(run_task(f.channels.stop(f.session(), channel_id, "sub-1")).has_value());
  CHECK(run_task(f.channels.stop(f.session(), channel_id, "sub-1")).has_value());
  CHECK(run_task(f.channels.stop(f.session(), channel_id, "sub-1")).error().failure == Failure::unavailable);
  // An opening whose answer was lost is found by the channel's id.
  CHECK(f.channels.finds_channels());
  const std::string more = subscriptions + "?$skiptoken=2";
  f.graph
      .expect("GET", subscriptions,
              http_response(200, R"({"value":[)" + subscription("live", "me/calendars/AAMk=/events", "c-live") +
                                     R"(],"@odata.nextLink":")" + more + R"("})"))
      .expect(
          "GET", more,
          http_response(200, R"({"value":[)" + subscription("lost", "me/calendars/AAMk=/events", channel_id) + "]}"))
      .expect("DELETE", subscriptions + "/lost", http_response(204, ""));
  CHECK(run_task(f.channels.stop(f.session(), channel_id, "")).has_value());
  CHECK(f.graph.exhausted());
}

}  // namespace calsync::microsoft
