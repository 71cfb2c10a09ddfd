// SPDX-License-Identifier: Apache-2.0
#include <boost/assert.hpp>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "common/http/respond.hpp"
#include "edge.hpp"
#include "print_result.hpp"

namespace calsync::testing {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t ten_megabytes = 10 * 1024 * 1024;

Task<Response> echo(Request request) {
  Response response = http::json_response(200, request.body.empty() ? std::string(request.path()) : request.body);
  co_return response;
}

Task<Response> throw_what_the_path_says(Request request) {
  const std::string& kind = request.segments[0];
  if (kind == "runtime") throw std::runtime_error("canary-7c1e");
  if (kind == "number") throw 7;
  if (kind == "assertion") BOOST_ASSERT(request.body == "canary-7c1e");
  if (kind == "system") throw boost::system::system_error(asio::error::host_not_found, "canary-7c1e");
  Response response;
  if (kind == "split") response.headers.emplace_back("Location", "/a\r\nSet-Cookie: canary-7c1e");
  if (kind == "length") response.headers.emplace_back("content-length", "1");
  if (kind == "name") response.headers.emplace_back("X: y\r\nZ", "w");
  if (kind == "status") response.status = 42;
  co_return response;
}

Task<Response> answer_large(Request) { co_return http::json_response(200, std::string(5 * ten_megabytes, 'x')); }

Task<Response> answer_without_body(Request request) {
  Response response = http::json_response(request.segments[0] == "304" ? 304 : 204, "ignored");
  co_return response;
}

Task<Response> answer_calendar(Request) {
  Response response = http::json_response(200, "BEGIN:VCALENDAR");
  response.content_type = "text/calendar; charset=utf-8";
  response.headers.emplace_back("cache-control", "private");
  response.headers.emplace_back("ETag", "\"a\"");
  co_return response;
}

}  // namespace

TEST_CASE("an answer carries the server's headers, and each once") {
  Edge edge({}, echo);
  Client client(edge);
  client.send(request("GET /a HTTP/1.1"));
  const Answer answer = client.read_answer();
  CHECK(answer.head ==
        "HTTP/1.1 200 OK\r\n"
        "Date: Mon, 02 Mar 2026 00:00:00 GMT\r\n"
        "Server: calsync\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        "Content-Length: 2\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\n\r\n");
  CHECK(answer.body == "/a");
}

TEST_CASE("a handler's headers take the place of the defaults") {
  Edge edge({}, answer_calendar);
  Client client(edge);
  client.send(request());
  const Answer answer = client.read_answer();
  CHECK(answer.has("Content-Type: text/calendar; charset=utf-8"));
  CHECK(answer.has("cache-control: private"));
  CHECK(answer.has("ETag: \"a\""));
  CHECK_FALSE(answer.has("Cache-Control: no-store"));
}

TEST_CASE("a connection serves request after request, also those that were sent ahead") {
  Edge edge({}, echo);
  Client client(edge);
  for (const char* path : {"/1", "/2", "/3"}) {
    client.send(request(std::string("GET ") + path + " HTTP/1.1"));
    CHECK(client.read_answer().body == path);
  }
  client.send(post("one") + request("GET /two HTTP/1.1") + post_chunked("5\r\nthree\r\n0\r\n\r\n") + post("four"));
  for (const char* body : {"one", "/two", "three", "four"}) CHECK(client.read_answer().body == body);
  CHECK_FALSE(client.closed());
  CHECK(edge.requests.front().peer_address == "127.0.0.1");
}

TEST_CASE("Connection: close is kept, and nothing after it is served") {
  for (const char* line : {"Connection: close", "connection: Keep-Alive, CLOSE", "Connection: x,close ,y"}) {
    Edge edge({}, echo);
    Client client(edge);
    client.send(request("GET /1 HTTP/1.1", {line}) + request("GET /2 HTTP/1.1"));
    const Answer answer = client.read_answer();
    CHECK(answer.body == "/1");
    CHECK(answer.has("Connection: close"));
    CHECK(client.read_to_end().empty());
    CHECK(edge.requests.size() == 1);
  }
  Edge edge({}, echo);
  Client client(edge);
  client.send(request("GET /1 HTTP/1.1", {"Connection: closed, not-close"}) + request("GET /2 HTTP/1.1"));
  client.read_answer();
  CHECK(client.read_answer().body == "/2");
}

TEST_CASE("an answer with Connection: close arrives although the client went on sending") {
  Edge edge({}, echo);
  Client client(edge);
  client.send(request("GET /last HTTP/1.1", {"Connection: close"}) + std::string(200000, 'x'));
  client.end_sending();
  const std::vector<Answer> answers = split_answers(client.read_to_end());
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].body == "/last");
}

TEST_CASE("HEAD is answered like GET, without the body") {
  Edge edge({}, echo);
  Client client(edge);
  client.send(request("HEAD /head HTTP/1.1") + request("GET /get HTTP/1.1"));
  const Answer head = client.read_answer(true);
  CHECK(head.status == 200);
  CHECK(head.has("Content-Length: 5"));
  CHECK(head.has("Content-Type: application/json; charset=utf-8"));
  CHECK(client.read_answer().body == "/get");
  client.send(request("HEAD /in HTTP/1.1", {"Content-Length: 300000"}));
  CHECK(client.read_to_end().ends_with("\r\n\r\n"));
}

TEST_CASE("204 and 304 have neither body nor length") {
  Edge edge({}, answer_without_body);
  Client client(edge);
  for (const char* status : {"204", "304"}) {
    client.send(request(std::string("GET /") + status + " HTTP/1.1"));
    const Answer answer = client.read_answer();
    CHECK(std::to_string(answer.status) == status);
    CHECK(answer.head.find("Content-") == answer.head.find("Content-Type-Options"));
  }
  client.send(request("GET /204 HTTP/1.1", {"Connection: close"}));
  CHECK(client.read_to_end().ends_with("\r\n\r\n"));
}

TEST_CASE("Expect: 100-continue is answered before the body is there, and only then") {
  Edge edge({}, echo);
  Client waits(edge);
  waits.send(request("POST / HTTP/1.1", {"Content-Length: 5", "Expect: 100-Continue"}));
  CHECK(waits.read_answer().head == "HTTP/1.1 100 Continue\r\n\r\n");
  waits.send("hello");
  CHECK(waits.read_answer().body == "hello");

  Client chunks(edge);
  chunks.send(request("POST / HTTP/1.1", {"Transfer-Encoding: chunked", "Expect: 100-continue"}));
  CHECK(chunks.read_answer().status == 100);
  chunks.send("5\r\nhello\r\n0\r\n\r\n");
  CHECK(chunks.read_answer().body == "hello");

  Client eager(edge);
  eager.send(request("POST / HTTP/1.1", {"Content-Length: 5", "Expect: 100-continue"}, "hello"));
  CHECK(eager.read_answer().body == "hello");

  Client bodiless(edge);
  bodiless.send(request("GET /none HTTP/1.1", {"Expect: 100-continue"}));
  CHECK(bodiless.read_answer().body == "/none");

  Client large(edge);
  large.send(request("POST / HTTP/1.1", {"Content-Length: 300000", "Expect: 100-continue"}));
  CHECK(large.read_answer().status == 413);
}

TEST_CASE("a body of 10 MB is refused at once, and its sender sees the answer") {
  const std::string body(ten_megabytes, 'b');
  for (const bool chunked : {false, true}) {
    Edge edge;
    Client client(edge);
    client.send(chunked ? post_chunked("a00000\r\n") : request("POST / HTTP/1.1", {"Content-Length: 10485760"}));
    const Answer answer = client.read_answer();
    CHECK(answer.status == 413);
    CHECK(answer.has("Connection: close"));
    CHECK(answer.body.find("body_too_large") != std::string::npos);
    // A client that looks only after it has sent everything must not find the connection reset.
    client.send(body);
    client.end_sending();
    CHECK(client.read_to_end().empty());
    CHECK(edge.requests.empty());
  }
  Edge edge;
  Client client(edge);
  client.send(post(body));
  client.end_sending();
  const std::vector<Answer> answers = split_answers(client.read_to_end());
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].status == 413);
}

TEST_CASE("a chunked body that is nearly all framing is refused") {
  Edge edge;
  Client client(edge);
  std::string chunks;
  for (int i = 0; i < 4000; ++i) chunks += "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  client.send(post_chunked(chunks));
  CHECK(client.read_answer().status == 400);
  CHECK(edge.requests.empty());
}

TEST_CASE("the last chunk in three segments, which ends a process with Beast 1.81's parser") {
  Edge edge({}, echo);
  Client client(edge);
  client.send(post_chunked("5\r\nhello\r\n"));
  for (const char* piece : {"0\r\n", "\r", "\n"}) client.send(piece);
  CHECK(client.read_answer().body == "hello");
  client.send(request("GET /still-here HTTP/1.1"));
  CHECK(client.read_answer().body == "/still-here");
}

TEST_CASE("trailers never become headers") {
  Edge edge;
  Client client(edge);
  client.send(post_chunked("5\r\nhello\r\n0\r\nAuthorization: Bearer 0123456789abcdef\r\nX-Owner: evil\r\n\r\n"));
  CHECK(client.read_answer().status == 200);
  REQUIRE(edge.requests.size() == 1);
  CHECK(edge.requests[0].headers.size() == 2);
  CHECK(edge.requests[0].header("authorization").empty());
  CHECK(edge.requests[0].header("x-owner").empty());
}

TEST_CASE("what a handler throws is a 500 whose text tells nothing, and the connection goes on") {
  Edge edge({}, throw_what_the_path_says);
  Client client(edge);
  for (const char* kind : {"runtime", "number", "assertion", "system", "split", "length", "name", "status"}) {
    INFO(kind);
    edge.log_text.clear();
    client.send(request(std::string("GET /") + kind + "?state=canary-7c1e HTTP/1.1", {"Cookie: canary-7c1e"}));
    const Answer answer = client.read_answer();
    CHECK(answer.status == 500);
    CHECK(answer.body.find("\"code\":\"internal_error\"") != std::string::npos);
    const auto document = json::parse(answer.body);
    REQUIRE(document);
    const std::string incident = json::text_at(*document, "incident");
    REQUIRE_FALSE(incident.empty());
    CHECK(edge.log_text.find(incident) != std::string::npos);
    for (const std::string& text : {edge.log_text, answer.head, answer.body}) {
      CHECK(text.find("canary") == std::string::npos);
    }
  }
  CHECK(edge.log_text.find("std::logic_error") != std::string::npos);
  client.send(request("GET /fine HTTP/1.1"));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("a client that goes away costs its connection and nothing else") {
  Edge edge({}, answer_large);
  {
    Client in_head(edge);
    in_head.send("GET / HT");
    Client in_body(edge);
    in_body.send(request("POST / HTTP/1.1", {"Content-Length: 5"}, "he"));
    Client in_answer(edge);
    in_answer.send(request());
    Client resets(edge);
    resets.send(request());
    resets.reset();
  }
  Client other(edge);
  other.send(request());
  CHECK(other.read_answer().body.size() == 5 * ten_megabytes);
  CHECK(edge.log_text.empty());
}

}  // namespace calsync::testing
