// SPDX-License-Identifier: Apache-2.0
#include "edge.hpp"
#include "framing_cases.hpp"

namespace calsync::testing {
namespace {

constexpr std::size_t max_head = 16 * 1024;
constexpr std::size_t max_body = 256 * 1024;
const std::string get = "GET / HTTP/1.1";

std::string head_of_size(std::size_t size) {
  const std::string shortest = request(get, {"X: "});
  return request(get, {"X: " + std::string(size - shortest.size(), 'a')});
}

std::vector<std::string> headers(std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back("X-" + std::to_string(i) + ": y");
  return lines;
}

}  // namespace

std::vector<FramingCase> chunk_cases() {
  std::vector<FramingCase> cases;
  for (const std::string& chunks :
       {"\r\nhello\r\n0\r\n\r\n",          " 5\r\nhello\r\n0\r\n\r\n",      "5 \r\nhello\r\n0\r\n\r\n",
        "5\t\r\nhello\r\n0\r\n\r\n",       "+5\r\nhello\r\n0\r\n\r\n",      "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",       "g\r\nhello\r\n0\r\n\r\n",       "5h\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",           "5\rhello\r\n0\r\n\r\n",         "5\r\r\nhello\r\n0\r\n\r\n",
        "000000005\r\nhello\r\n0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n",      "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",           "5\r\nhello\r0\r\n\r\n",         "5\r\nhello\r\n\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",           "5\r\nhello\r\n0\r\nX: y\n\r\n", "5\r\nhello\r\n0\r\nX: y\rZ: w\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",    "5;a\rb\r\nhello\r\n0\r\n\r\n",  ";5\r\nhello\r\n0\r\n\r\n",
        "5,5\r\nhello\r\n0\r\n\r\n",       "5\r\nhello\r\n-0\r\n\r\n",      "5\r\nhello\r\n0\r\n\n"}) {
    cases.push_back({"chunks: " + chunks, post_chunked(chunks), 400});
  }
  cases.push_back({"size beyond 32 bits", post_chunked("100000005\r\nhello\r\n0\r\n\r\n"), 400});
  cases.push_back({"size beyond 64 bits", post_chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400});
  cases.push_back({"extension too long", post_chunked("5;" + std::string(2000, 'a') + "\r\nhello\r\n0\r\n\r\n"), 400});
  cases.push_back({"trailer line too long", post_chunked("0\r\nX: " + std::string(2000, 'a') + "\r\n\r\n"), 400});
  for (const std::string trailer : {"Content-Length: 3", "transfer-encoding: chunked", "Host: b", "Connection: close",
                                    ": y", "X y", " X: y", "X : y", "X: \x01"}) {
    cases.push_back({"trailer: " + trailer, post_chunked("0\r\n" + trailer + "\r\n\r\n"), 400});
  }
  for (const std::string extension :
       {";", ";=b", ";a=", ";a b", "; a", ";a;", ";a=\"b", ";a=b\"", ";a=\"b\"c", ";a\x01"}) {
    cases.push_back({"extension: " + extension, post_chunked("5" + extension + "\r\nhello\r\n0\r\n\r\n"), 400});
  }
  std::string trailers = "0\r\n";
  for (int i = 0; i < 100; ++i) trailers += "X: " + std::string(100, 'a') + "\r\n";
  cases.push_back({"trailers too long", post_chunked(trailers + "\r\n"), 400});
  cases.push_back({"no last chunk", post_chunked("5\r\nhello\r\n"), 0});
  cases.push_back({"last chunk cut off", post_chunked("5\r\nhello\r\n0\r\n"), 0});
  cases.push_back({"chunk cut off", post_chunked("5\r\nhel"), 0});
  return cases;
}

std::vector<FramingCase> size_cases() {
  std::vector<FramingCase> cases;
  cases.push_back({"head of 16 KiB", head_of_size(max_head), 200, {""}});
  cases.push_back({"head of 16 KiB and a byte", head_of_size(max_head + 1), 431});
  cases.push_back({"a head without end", std::string(max_head + 1, 'a'), 431});
  cases.push_back({"a target without end", "GET /" + std::string(max_head, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431});
  cases.push_back({"100 headers", request(get, headers(99)), 200, {""}});
  cases.push_back({"101 headers", request(get, headers(100)), 431});
  const std::string largest(max_body, 'b');
  cases.push_back({"the largest body", post(largest), 200, {largest}});
  cases.push_back({"a body too large", post(largest + "b"), 413});
  cases.push_back({"a length of 2^64 - 1", request("POST / HTTP/1.1", {"Content-Length: 18446744073709551615"}), 413});
  cases.push_back({"the largest chunk", post_chunked("40000\r\n" + largest + "\r\n0\r\n\r\n"), 200, {largest}});
  cases.push_back({"a chunk too large", post_chunked("40001\r\n" + largest), 413});
  cases.push_back({"a chunk of 2^32 - 1", post_chunked("ffffffff\r\nhello"), 413});
  cases.push_back({"chunks too large together", post_chunked("40000\r\n" + largest + "\r\n1\r\nb\r\n0\r\n\r\n"), 413});
  return cases;
}

std::vector<FramingCase> well_formed_cases() {
  std::vector<FramingCase> cases;
  const auto add = [&cases](const std::string& name, const std::string& bytes, std::vector<std::string> bodies) {
    cases.push_back({name, bytes, 200, std::move(bodies)});
  };
  add("plain", request(), {""});
  add("one empty line first", "\r\n" + request(), {""});
  add("one empty line between", request() + "\r\n" + request(), {"", ""});
  add("HTTP/1.0", request("GET / HTTP/1.0"), {""});
  add("HTTP/1.0 with a body", request("POST / HTTP/1.0", {"Content-Length: 5"}, "hello"), {"hello"});
  for (const std::string host : {"a", "a:80", "a:", "127.0.0.1:65535", "[::1]", "[2001:db8::1]:8080", "A-b_c.d."}) {
    add("Host " + host, get + "\r\nHost: " + host + "\r\n\r\n", {""});
  }
  add("Host without a blank", get + "\r\nHost:a\r\n\r\n", {""});
  add("lower-case names", get + "\r\nhost: a\r\n\r\n", {""});
  add("empty value", request(get, {"X:"}), {""});
  add("blanks round a value", request(get, {"X: \t a \t "}), {""});
  add("UTF-8 in a value", request(get, {"X: \xc3\xa9"}), {""});
  add("a tab inside a value", request(get, {"X: a\tb"}), {""});
  add("names of every token character", request(get, {"!#$%&'*+-.^_`|~09azAZ: v"}), {""});
  add("a target of every kind of character", request("GET /a-._~!$&'()*+,;=:@%2F%C3%A9/?a=%0A&b=[]{}|^`\\ HTTP/1.1"),
      {""});
  add("unknown method", request("brew /pot HTTP/1.1"), {""});
  add("length 0", request("POST / HTTP/1.1", {"Content-Length: 0"}), {""});
  add("length with zeros", request("POST / HTTP/1.1", {"Content-Length: 0005"}, "hello"), {"hello"});
  add("length with blanks", request("POST / HTTP/1.1", {"Content-Length: \t5 \t"}, "hello"), {"hello"});
  add("a request in a body", post(request("GET /inner HTTP/1.1")) + post("after"),
      {request("GET /inner HTTP/1.1"), "after"});
  add("chunks", post_chunked("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), {"hello!"});
  add("chunks, then another request", post_chunked("5\r\nhello\r\n0\r\n\r\n") + post("after"), {"hello", "after"});
  add("sizes in both cases, with zeros", post_chunked("0000000A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n"),
      {"01234567890123456789"});
  add("extensions", post_chunked("5;a=b;c=\"d\\\";\"\r\nhello\r\n0;last\r\n\r\n"), {"hello"});
  add("trailers", post_chunked("5\r\nhello\r\n0\r\nX: y\r\nAuthorization: z\r\n\r\n") + post("after"),
      {"hello", "after"});
  add("CRLF in a chunk", post_chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"), {"\r\n\r\n"});
  add("an empty chunked body", post_chunked("0\r\n\r\n"), {""});
  add("expectation of HTTP/1.0", request("POST / HTTP/1.0", {"Content-Length: 1", "Expect: 100-continue"}, "a"), {"a"});
  add("unknown headers of hops", request(get, {"Upgrade: h2c", "Proxy-Connection: close", "TE: trailers"}), {""});
  add("headers that look like framing", request(get, {"Content_Length: 5", "X-Transfer-Encoding: chunked"}), {""});
  return cases;
}

}  // namespace calsync::testing
