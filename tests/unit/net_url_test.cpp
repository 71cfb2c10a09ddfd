// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include <catch2/catch.hpp>

namespace calsync::net {
namespace {

TEST_CASE("an absolute http(s) URL is taken apart", "[net][url]") {
  struct Row {
    std::string text, scheme, host, port, target, origin;
  };
  const auto row = GENERATE(values<Row>({
      {"https://example.com", "https", "example.com", "443", "/", "https://example.com:443"},
      {"http://example.com/", "http", "example.com", "80", "/", "http://example.com:80"},
      {"HTTPS://Example.COM/Path?Q=A", "https", "example.com", "443", "/Path?Q=A", "https://example.com:443"},
      {"https://example.com?q=1", "https", "example.com", "443", "/?q=1", "https://example.com:443"},
      {"https://example.com:8443/a%2Fb", "https", "example.com", "8443", "/a%2Fb", "https://example.com:8443"},
      {"https://example.com:/x", "https", "example.com", "443", "/x", "https://example.com:443"},
      {"http://127.0.0.1:9001/f.ics", "http", "127.0.0.1", "9001", "/f.ics", "http://127.0.0.1:9001"},
      {"http://[2001:DB8::1]:81/f", "http", "2001:db8::1", "81", "/f", "http://[2001:db8::1]:81"},
      {"https://%65xample.com/", "https", "example.com", "443", "/", "https://example.com:443"},
      {"https://a_b.example.com./", "https", "a_b.example.com.", "443", "/", "https://a_b.example.com.:443"},
  }));
  CAPTURE(row.text);
  const auto url = parse_url(row.text);
  REQUIRE(url.has_value());
  CHECK(url->scheme == row.scheme);
  CHECK(url->host == row.host);
  CHECK(url->port == row.port);
  CHECK(url->target == row.target);
  CHECK(url->origin() == row.origin);
}

TEST_CASE("anything else is refused with a reason that does not quote it", "[net][url]") {
  struct Row {
    std::string text, reason;
  };
  const auto row = GENERATE(values<Row>({
      {"", "absolute URL"},
      {"/calendars/secret-1", "absolute URL"},
      {"example.com/secret-1", "absolute URL"},
      {"https://example.com/secret-1 x", "absolute URL"},
      {"https://example.com/secret-1\r\nHost: evil", "absolute URL"},
      {"https://exämple.com/secret-1", "absolute URL"},
      {"https://example.com/%zz", "absolute URL"},
      {"ftp://example.com/secret-1", "https://"},
      {"file:///etc/secret-1", "https://"},
      {"https:secret-1", "host"},
      {"https:///secret-1", "host"},
      {"https://user:secret-1@example.com/", "user name"},
      {"https://@example.com/", "user name"},
      {"https://example.com/secret-1#part", "%23"},
      {"https://example.com:0/", "port"},
      {"https://example.com:65536/", "port"},
      {"https://example.com:99999999999/", "port"},
      {"https://exa%20mple.com/", "host name"},
      {"https://evil.com%2F.example.com/", "host name"},
      {"https://[v1.fe80]/", "host"},
  }));
  CAPTURE(row.text);
  const auto url = parse_url(row.text);
  REQUIRE_FALSE(url.has_value());
  CHECK(url.error().failure == Failure::invalid_input);
  CHECK_THAT(url.error().message, Catch::Contains(row.reason));
  CHECK_THAT(url.error().message, !Catch::Contains("secret-1"));
}

TEST_CASE("webcal is http with another name", "[net][url]") {
  struct Row {
    std::string text, secure, insecure;
  };
  const auto row = GENERATE(values<Row>({
      {"webcal://example.com/a.ics", "https://example.com/a.ics", "http://example.com/a.ics"},
      {" WebCal://example.com/a.ics\n", "https://example.com/a.ics", "http://example.com/a.ics"},
      {"webcals://example.com/a.ics", "https://example.com/a.ics", "https://example.com/a.ics"},
      {"https://example.com/a.ics", "https://example.com/a.ics", "https://example.com/a.ics"},
      {"http://example.com/a.ics", "http://example.com/a.ics", "http://example.com/a.ics"},
      {"not a url", "not a url", "not a url"},
      {"", "", ""},
  }));
  CHECK(feed_url(row.text, false) == row.secure);
  CHECK(feed_url(row.text, true) == row.insecure);
}

TEST_CASE("only unreserved characters stay as they are", "[net][url]") {
  CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encode("en.usa#holiday@group.v.calendar.google.com") ==
        "en.usa%23holiday%40group.v.calendar.google.com");
  CHECK(percent_encode("a/b?c=d&e+f %") == "a%2Fb%3Fc%3Dd%26e%2Bf%20%25");
  CHECK(percent_encode("é") == "%C3%A9");
  CHECK(percent_encode(std::string("\0\xff", 2)) == "%00%FF");
  CHECK(percent_encode("").empty());
}

TEST_CASE("a query string survives the round trip", "[net][url]") {
  const Parameters parameters{{"code", "4/0A+b c"}, {"state", "x&y=z"}, {"empty", ""}, {"", "nameless"}, {"ü", "%"}};
  const std::string text = query_string(parameters);
  CHECK(text == "code=4%2F0A%2Bb%20c&state=x%26y%3Dz&empty=&=nameless&%C3%BC=%25");
  const auto parsed = parse_query(text);
  REQUIRE(parsed.has_value());
  CHECK(*parsed == parameters);
}

TEST_CASE("form queries of others are read too", "[net][url]") {
  CHECK(parse_query("").value().empty());
  CHECK(parse_query("a=b+c&&flag&x==").value() == Parameters{{"a", "b c"}, {"flag", ""}, {"x", "="}});
  // Decoded once only: a code that was encoded twice must not turn into another one.
  CHECK(parse_query("code=4%252F0").value() == Parameters{{"code", "4%2F0"}});
  for (const char* text : {"a=%", "a=%4", "a=%g0", "%=a", "a=b&c=%0"}) {
    CAPTURE(text);
    const auto parsed = parse_query(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().failure == Failure::invalid_input);
  }
}

TEST_CASE("parameters join a URL with or without a query", "[net][url]") {
  const Parameters parameters{{"a", "1"}, {"b", "2"}};
  CHECK(with_query("https://x/y", parameters) == "https://x/y?a=1&b=2");
  CHECK(with_query("https://x/y?z=0", parameters) == "https://x/y?z=0&a=1&b=2");
  CHECK(with_query("https://x/y?", parameters) == "https://x/y?a=1&b=2");
  CHECK(with_query("https://x/y?z&", parameters) == "https://x/y?z&a=1&b=2");
  CHECK(with_query("https://x/y", {}) == "https://x/y");
}

}  // namespace
}  // namespace calsync::net
