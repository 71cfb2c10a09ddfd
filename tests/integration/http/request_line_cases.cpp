// SPDX-License-Identifier: Apache-2.0
#include "edge.hpp"
#include "framing_cases.hpp"

namespace calsync::testing {
namespace {

void add_lines(std::vector<FramingCase>& cases, int status, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) cases.push_back({"request line: " + line, request(line), status});
}

void add_targets(std::vector<FramingCase>& cases, const std::vector<std::string>& targets) {
  for (const std::string& target : targets) {
    cases.push_back({"target: " + target, request("GET " + target + " HTTP/1.1"), 400});
  }
}

}  // namespace

std::vector<FramingCase> request_line_cases() {
  std::vector<FramingCase> cases;
  add_lines(cases, 400,
            {"GET",
             "GET /",
             "GET  / HTTP/1.1",
             "GET /  HTTP/1.1",
             "GET / HTTP/1.1 ",
             " GET / HTTP/1.1",
             "GET\t/ HTTP/1.1",
             "GET /\tHTTP/1.1",
             "GET / http/1.1",
             "GET / HTTP/1",
             "GET / HTTP/1.1.1",
             "GET / HTTP/11.1",
             "GET / HTTP/1,1",
             "GET / HTTPS/1.1",
             "GET / HTTP/x.1",
             "GET / HTTP/1.x",
             "GET / HTTP1.1",
             "GET / HTTP/ 1.1",
             "G ET / HTTP/1.1",
             "G(T / HTTP/1.1",
             "G\x01T / HTTP/1.1",
             "G\xc3\xa9T / HTTP/1.1",
             "/ HTTP/1.1",
             "GET / HTTP/1.1 HTTP/1.1",
             "GET /a b HTTP/1.1",
             ":method: GET",
             "\xef\xbb\xbfGET / HTTP/1.1",
             "\"GET\" / HTTP/1.1",
             "GET, / HTTP/1.1",
             "HTTP/1.1 200 OK"});
  add_lines(
      cases, 505,
      {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/3.0", "PRI * HTTP/2.0", "GET / HTTP/9.9"});
  add_targets(cases, {"http://calsync.test/",
                      "https://calsync.test/a",
                      "*",
                      "calsync.test:443",
                      "a",
                      "?a=b",
                      "/a#b",
                      "/#",
                      "/\x7f",
                      "/\xc3\xa9",
                      "\\a",
                      "/%",
                      "/%4",
                      "/%zz",
                      "/%4z",
                      "/%+1",
                      "/%-1",
                      "/% 1",
                      "/%00",
                      "/a/%00/b",
                      "/%0d%0a",
                      "/%1f",
                      "/%7f",
                      "/%ff",
                      "/%c0%ae",
                      "/%ed%a0%80",
                      "/%f5%80%80%80",
                      "/?a=%",
                      "/?a=%4",
                      "/?%zz",
                      "/?a=%00",
                      "/?%00=a",
                      "/?a=%ff",
                      "/?%c3=1"});
  cases.push_back({"OPTIONS of everything", request("OPTIONS * HTTP/1.1"), 400});
  cases.push_back({"CONNECT", request("CONNECT calsync.test:443 HTTP/1.1"), 400});
  cases.push_back({"NUL in the target", request(std::string("GET /a\0b HTTP/1.1", 17)), 400});
  cases.push_back({"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400});
  cases.push_back({"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400});
  cases.push_back({"bare CR after the request line", "GET / HTTP/1.1\rHost: a\r\r", 400});
  cases.push_back({"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400});
  cases.push_back({"LF CR", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", 400});
  cases.push_back({"bare LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400});
  cases.push_back({"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400});
  cases.push_back({"a TLS greeting", std::string("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 15), 400});
  cases.push_back({"HTTP/0.9 without a head", "GET /\r\n\r\n", 400});
  cases.push_back({"nothing but the end", "", 0});
  cases.push_back({"half a request line", "GET / HT", 0});
  cases.push_back({"a head without its empty line", "GET / HTTP/1.1\r\nHost: a\r\n", 0});
  return cases;
}

}  // namespace calsync::testing
