// SPDX-License-Identifier: Apache-2.0
#include "api-server/router.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "api-server/http.hpp"
#include "common/http/http_gate.hpp"
#include "print_result.hpp"

namespace calsync::testing {
namespace {

using namespace api;

const std::string app_token = "app-token-0123456789";
const std::string admin_token = "admin-token-0123456789";

TokenRing ring(const std::string& text, CallerKind kind) { return TokenRing::parse(text, kind).value(); }

Task<Response> describe(std::string name, Request request) {
  std::string text = name;
  for (const auto& [key, value] : request.path_parameters) text += " " + key + "=" + value;
  if (request.caller) text += " by " + request.caller->name;
  co_return json_response(200, text);
}

Handler named(std::string name) {
  return [name](Request request) { return describe(name, std::move(request)); };
}

Router make_router() {
  Router router(ring("shop:" + app_token, CallerKind::app), ring("cron:" + admin_token, CallerKind::admin));
  router.add({"GET", "/", Access::anyone, named("root")});
  router.add({"GET", "/healthz", Access::anyone, named("health")});
  router.add({"GET", "/api/connections", Access::app, named("list")});
  router.add({"POST", "/api/connections", Access::app, named("create")});
  router.add({"GET", "/api/connections/{id}", Access::app, named("show")});
  router.add({"GET", "/api/connections/{id}/explain", Access::app_or_admin, named("explain")});
  router.add({"POST", "/api/jobs/run", Access::admin, named("run")});
  router.add({"GET", "/api/jobs/{run_id}", Access::admin, named("job")});
  router.add({"PUT", "/api/{kind}/items/{id}", Access::anyone, named("put")});
  return router;
}

Request parse(const std::string& line, const std::vector<std::string>& headers, const std::string& body) {
  std::string bytes = line + " HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& header : headers) bytes += header + "\r\n";
  auto head = parse_head(bytes + "\r\n");
  REQUIRE(std::holds_alternative<RequestHead>(head));
  Request request = std::get<RequestHead>(std::move(head)).request;
  request.body = body;
  return request;
}

Response route(const std::string& line, const std::vector<std::string>& headers = {}, const std::string& body = "") {
  static const Router router = make_router();
  boost::asio::io_context io;
  std::optional<Response> response;
  boost::asio::co_spawn(io, router.route(parse(line, headers, body)), [&](std::exception_ptr failure, Response one) {
    if (failure) std::rethrow_exception(failure);
    response = std::move(one);
  });
  io.run();
  return response.value();
}

std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

const std::string as_app = "Authorization: Bearer " + app_token;
const std::string as_admin = "Authorization: Bearer " + admin_token;

}  // namespace

TEST_CASE("paths lead to their endpoints") {
  struct Case {
    const char* line;
    std::string authorization;
    const char* answer;
  };
  const Case cases[] = {
      {"GET /", "", "root"},
      {"GET /?a=b", "", "root"},
      {"GET /healthz", "", "health"},
      {"HEAD /healthz", "", "health"},
      {"GET /healthz", "Authorization: Bearer nobody", "health"},
      {"GET /api/connections?provider_id=1", as_app, "list by shop"},
      {"POST /api/connections", as_app, "create by shop"},
      {"GET /api/connections/7", as_app, "show id=7 by shop"},
      {"GET /api/connections/a%2Fb%20%C3%A9", as_app, "show id=a/b \xc3\xa9 by shop"},
      {"GET /api/connections/%2541", as_app, "show id=%41 by shop"},
      {"GET /api/connections/..", as_app, "show id=.. by shop"},
      {"GET /api/connections/7/explain", as_app, "explain id=7 by shop"},
      {"GET /api/connections/7/explain", as_admin, "explain id=7 by cron"},
      {"POST /api/jobs/run", as_admin, "run by cron"},
      {"GET /api/jobs/9", as_admin, "job run_id=9 by cron"},
      {"PUT /api/red/items/5", "", "put id=5 kind=red"},
      {"GET /%68ealthz", "", "health"},
  };
  for (const Case& one : cases) {
    INFO(one.line << " " << one.authorization);
    const Response response = one.authorization.empty() ? route(one.line) : route(one.line, {one.authorization});
    CHECK(response.status == 200);
    CHECK(response.body == one.answer);
  }
}

TEST_CASE("unknown paths are 404 for everybody, with or without a token") {
  for (const char* path : {"/nothing", "/healthz/", "//healthz", "/Healthz", "/api", "/api/", "/api/connections/",
                           "/api/connections//explain", "/api/connections/7/explain/", "/api%2Fconnections",
                           "/api/connections/7/x", "/healthz%20", "/./healthz", "/x/../healthz", "/healthz;a=b"}) {
    for (const std::string& authorization : {std::string("X: y"), as_app, as_admin}) {
      INFO(path << " " << authorization);
      const Response response = route(std::string("GET ") + path, {authorization});
      CHECK(response.status == 404);
      CHECK(response.body.find("\"code\":\"not_found\"") != std::string::npos);
    }
  }
}

TEST_CASE("a known path with another method is 405 and says which it takes") {
  struct Case {
    const char* line;
    const char* allow;
  };
  const Case cases[] = {{"POST /healthz", "GET, HEAD"},
                        {"OPTIONS /healthz", "GET, HEAD"},
                        {"TRACE /healthz", "GET, HEAD"},
                        {"get /healthz", "GET, HEAD"},
                        {"DELETE /api/connections", "GET, HEAD, POST"},
                        {"HEAD /api/red/items/5", "PUT"},
                        {"POST /api/jobs/9", "GET, HEAD"},
                        {"PUT /api/jobs/run", "POST, GET, HEAD"}};
  for (const Case& one : cases) {
    INFO(one.line);
    const Response response = route(one.line);
    CHECK(response.status == 405);
    CHECK(header_of(response, "Allow") == one.allow);
    CHECK(response.body.find("\"code\":\"method_not_allowed\"") != std::string::npos);
  }
}

TEST_CASE("who may do what") {
  struct Case {
    const char* line;
    std::vector<std::string> headers;
    int status;
  };
  const Case cases[] = {
      {"GET /api/connections", {}, 401},
      {"GET /api/connections", {"Authorization: " + app_token}, 401},
      {"GET /api/connections", {"Authorization: Basic " + app_token}, 401},
      {"GET /api/connections", {"Authorization: Bearer"}, 401},
      {"GET /api/connections", {"Authorization: Bearer " + app_token + "x"}, 401},
      {"GET /api/connections", {"Authorization: Bearer " + app_token + ", " + app_token}, 401},
      {"GET /api/connections", {"Authorization: Bearer " + app_token.substr(1)}, 401},
      {"GET /api/connections", {"Authorization: Bearer\t" + app_token}, 401},
      {"GET /api/connections", {as_app, as_app}, 401},
      {"GET /api/connections", {as_app, as_admin}, 401},
      {"GET /api/connections", {"X-Authorization: Bearer " + app_token}, 401},
      {"GET /api/connections?access_token=app-token-0123456789", {}, 401},
      {"GET /api/connections", {as_app}, 200},
      {"GET /api/connections", {"authorization: bearer " + app_token}, 200},
      {"GET /api/connections", {"AUTHORIZATION: BEARER  " + app_token}, 200},
      {"GET /api/connections", {as_admin}, 403},
      {"POST /api/jobs/run", {as_app}, 403},
      {"POST /api/jobs/run", {}, 401},
      {"POST /api/jobs/run", {as_admin}, 200},
      {"GET /api/connections/7/explain", {}, 401},
      {"GET /healthz", {}, 200},
  };
  for (const Case& one : cases) {
    INFO(one.line << " " << (one.headers.empty() ? "" : one.headers[0]));
    const Response response = route(one.line, one.headers);
    CHECK(response.status == one.status);
    CHECK(header_of(response, "WWW-Authenticate") == (one.status == 401 ? "Bearer" : ""));
    if (one.status == 401) CHECK(response.body.find("\"code\":\"unauthorized\"") != std::string::npos);
    if (one.status == 403) CHECK(response.body.find("\"code\":\"forbidden\"") != std::string::npos);
  }
}

TEST_CASE("a body is a JSON object or it does not reach the handler, and strangers learn nothing about it") {
  struct Case {
    std::vector<std::string> headers;
    std::string body;
    int status;
  };
  const std::string type = "Content-Type: application/json";
  const Case cases[] = {
      {{as_app}, "", 200},
      {{as_app, "Content-Type: text/plain"}, "", 200},
      {{as_app, type}, "{}", 200},
      {{as_app, "content-type: Application/JSON;charset=utf-8"}, " {\"a\":1} ", 200},
      {{as_app, "Content-Type: application/json ; charset=utf-8"}, "{}", 200},
      {{as_app}, "{}", 415},
      {{as_app, "Content-Type:"}, "{}", 415},
      {{as_app, "Content-Type: text/plain"}, "{}", 415},
      {{as_app, "Content-Type: application/jsonx"}, "{}", 415},
      {{as_app, "Content-Type: application/json, text/plain"}, "{}", 415},
      {{as_app, "Content-Type: application/x-www-form-urlencoded"}, "a=b", 415},
      {{as_app, type, type}, "{}", 415},
      {{as_app, type}, "{", 400},
      {{as_app, type}, "[]", 400},
      {{as_app, type}, "null", 400},
      {{as_app, type}, "\"a\"", 400},
      {{as_app, type}, "{\"a\":NaN}", 400},
      {{as_app, type}, "{}{}", 400},
      {{as_app, type}, "{\"a\":\"\xff\"}", 400},
      {{as_app, type}, " ", 400},
      {{as_app, type}, std::string(200000, '['), 400},
      {{type}, "{", 401},
  };
  for (const Case& one : cases) {
    INFO(one.body.substr(0, 30));
    const Response response = route("POST /api/connections", one.headers, one.body);
    CHECK(response.status == one.status);
    if (one.status == 400) CHECK(response.body.find("\"code\":\"invalid_json\"") != std::string::npos);
    if (one.status == 415) CHECK(response.body.find("\"code\":\"unsupported_media_type\"") != std::string::npos);
  }
}

}  // namespace calsync::testing
