// SPDX-License-Identifier: Apache-2.0
#include "edge.hpp"
#include "framing_cases.hpp"

namespace calsync::testing {
namespace {

const std::string get = "GET / HTTP/1.1";

void add_headers(std::vector<FramingCase>& cases, int status, const std::vector<std::string>& headers) {
  for (const std::string& header : headers) cases.push_back({"header: " + header, request(get, {header}), status});
}

std::string with_host(const std::string& value) { return get + "\r\nHost: " + value + "\r\n\r\n"; }

}  // namespace

std::vector<FramingCase> header_cases() {
  std::vector<FramingCase> cases;
  add_headers(cases, 400,
              {"Name",
               ": value",
               "Na me: v",
               "Name : v",
               "Name\t: v",
               "Na(me: v",
               "Na\"me: v",
               "Na@me: v",
               "Na[me: v",
               "Na/me: v",
               "Na{me: v",
               "Na,me: v",
               "Na;me: v",
               "Na=me: v",
               "Na\\me: v",
               "N\x01: v",
               "N\xc3\xa9: v",
               "X: a\x01",
               "X: a\x0b",
               "X: \x0c",
               "X: \x1f",
               "X: a\x7f",
               "X: a\rb",
               "X: a\nb",
               "X: a\r",
               "X: a\n",
               "X: a\r\n folded",
               "X: a\r\n\tfolded",
               "X: a\r\n ",
               "X: a\r\n\r",
               "X: a\n\n",
               "Connection: a b",
               "Connection: close;q=1",
               "Connection: close, \"x\""});
  cases.push_back({"NUL in a value", request(get, {std::string("X: a\0b", 6)}), 400});
  cases.push_back({"NUL in a name", request(get, {std::string("X\0: a", 5)}), 400});
  cases.push_back({"first header folded", get + "\r\n Host: a\r\n\r\n", 400});
  cases.push_back({"blank line of a blank", get + "\r\nHost: a\r\n \r\n\r\n", 400});
  cases.push_back({"header lines end in LF", get + "\r\nHost: a\nX: b\r\n\r\n", 400});
  cases.push_back({"head ends in LF", get + "\r\nHost: a\r\n\n", 400});
  cases.push_back({"head ends in CR LF LF", get + "\r\nHost: a\n\r\n", 400});
  cases.push_back({"unknown expectation", request("POST / HTTP/1.1", {"Content-Length: 1", "Expect: 200-ok"}), 417});
  cases.push_back({"two expectations", request("POST / HTTP/1.1", {"Expect: 100-continue, x"}), 417});
  return cases;
}

std::vector<FramingCase> host_cases() {
  std::vector<FramingCase> cases;
  for (const std::string& value : {"",
                                   " ",
                                   "a b",
                                   "a,b",
                                   "a/b",
                                   "a@b",
                                   "a\\b",
                                   "a:b",
                                   "a:-1",
                                   "a:+80",
                                   "a:99999",
                                   "a:80:80",
                                   "[::1",
                                   "[::1]x",
                                   "[::1]80",
                                   "[zz]",
                                   "[]",
                                   "[fe80::1%eth0]",
                                   "[127.0.0.1]",
                                   "::1",
                                   "a?b",
                                   "a#b",
                                   "a%41",
                                   "\xc3\xa9",
                                   "http://a",
                                   ":80",
                                   "a\"",
                                   "<a>",
                                   "a;b"}) {
    cases.push_back({"Host: " + value, with_host(value), 400});
  }
  cases.push_back({"Host too long", with_host(std::string(256, 'a')), 400});
  cases.push_back({"no Host", get + "\r\nX: a\r\n\r\n", 400});
  cases.push_back({"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400});
  cases.push_back({"two Hosts", request(get, {"Host: other.test"}), 400});
  cases.push_back({"the same Host twice", request(get, {"host: calsync.test"}), 400});
  cases.push_back({"Host with blank before its colon", get + "\r\nHost : a\r\n\r\n", 400});
  return cases;
}

std::vector<FramingCase> length_cases() {
  std::vector<FramingCase> cases;
  for (const std::string& value : {"",
                                   "x",
                                   "-1",
                                   "-0",
                                   "+1",
                                   "1x",
                                   "x1",
                                   "0x5",
                                   "5,5",
                                   "5, 5",
                                   "5 5",
                                   "5.0",
                                   "1e3",
                                   "5;x",
                                   "\"5\"",
                                   "5,",
                                   "18446744073709551616",
                                   "99999999999999999999999",
                                   "\xd9\xa5",
                                   "5\tx",
                                   "true"}) {
    cases.push_back(
        {"Content-Length: " + value, request("POST / HTTP/1.1", {"Content-Length: " + value}, "hello"), 400});
  }
  const auto both = [](const std::string& first, const std::string& second) {
    return request("POST / HTTP/1.1", {first, second}, "5\r\nhello\r\n0\r\n\r\n");
  };
  cases.push_back({"the same length twice", both("Content-Length: 5", "Content-Length: 5"), 400});
  cases.push_back({"two lengths", both("Content-Length: 5", "Content-Length: 6"), 400});
  cases.push_back({"two lengths in two spellings", both("Content-Length: 5", "content-length: 0"), 400});
  cases.push_back({"length, then coding", both("Content-Length: 5", "Transfer-Encoding: chunked"), 400});
  cases.push_back({"coding, then length", both("Transfer-Encoding: chunked", "Content-Length: 5"), 400});
  cases.push_back({"coding and length 0", both("Transfer-Encoding: chunked", "Content-Length: 0"), 400});
  cases.push_back({"length with a blank before its colon", both("Content-Length : 5", "X: y"), 400});
  cases.push_back({"folded length", both("Content-Length:\r\n 5", "X: y"), 400});
  cases.push_back({"body ends early", request("POST / HTTP/1.1", {"Content-Length: 5"}, "hell"), 0});
  return cases;
}

std::vector<FramingCase> transfer_coding_cases() {
  std::vector<FramingCase> cases;
  for (const std::string& value : {"gzip",
                                   "identity",
                                   "xchunked",
                                   "chunkedx",
                                   "x-chunked",
                                   "chunked, gzip",
                                   "gzip, chunked",
                                   "gzip,chunked",
                                   "chunked, chunked",
                                   "chunked, identity",
                                   "Chunked",
                                   "CHUNKED",
                                   "cHuNkEd",
                                   "\"chunked\"",
                                   "'chunked'",
                                   "chunked;q=1",
                                   "chunked,",
                                   ",chunked",
                                   "",
                                   "chun ked",
                                   "chunked\xa0",
                                   "trailers",
                                   "deflate",
                                   "0",
                                   "chunked 0"}) {
    cases.push_back({"Transfer-Encoding: " + value,
                     request("POST / HTTP/1.1", {"Transfer-Encoding: " + value}, "5\r\nhello\r\n0\r\n\r\n"), 501});
  }
  const auto with = [](const std::vector<std::string>& headers, const std::string& line = "POST / HTTP/1.1") {
    return request(line, headers, "0\r\n\r\n");
  };
  cases.push_back({"chunked twice", with({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}), 400});
  cases.push_back({"chunked, then identity", with({"Transfer-Encoding: chunked", "Transfer-Encoding: identity"}), 501});
  cases.push_back({"identity beside a length", with({"Transfer-Encoding: identity", "Content-Length: 5"}), 501});
  cases.push_back({"chunked in HTTP/1.0", with({"Transfer-Encoding: chunked"}, "POST / HTTP/1.0"), 400});
  cases.push_back({"blank before the colon", with({"Transfer-Encoding : chunked"}), 400});
  cases.push_back({"tab before the colon", with({"Transfer-Encoding\t: chunked"}), 400});
  cases.push_back({"vertical tab in the value",
                   with({"Transfer-Encoding:\x0b"
                         "chunked"}),
                   400});
  cases.push_back({"coding in a folded line", with({"X: y\r\n Transfer-Encoding: chunked"}), 400});
  cases.push_back({"folded coding", with({"Transfer-Encoding:\r\n chunked"}), 400});
  cases.push_back({"NUL in the name", with({std::string("Transfer-Encoding\0: chunked", 27)}), 400});
  cases.push_back({"bare CR before the coding", with({"X: y\rTransfer-Encoding: chunked"}), 400});
  cases.push_back({"bare LF before the coding", with({"X: y\nTransfer-Encoding: chunked"}), 400});
  return cases;
}

}  // namespace calsync::testing
