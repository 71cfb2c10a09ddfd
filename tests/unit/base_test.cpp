// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <type_traits>

#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/base/json.hpp"

using namespace calsync;
using namespace std::chrono_literals;

namespace {

class CountingRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override { return std::string(count, static_cast<char>(++calls_)); }

 private:
  int calls_ = 0;
};

Result<std::string> no_file(const std::string& path) {
  return fail(Failure::misconfigured, "cannot read the file " + path);
}

Result<Settings> load(const std::string& yaml, Environment environment = {}) {
  return load_settings("calsync.yaml", environment, [yaml](const std::string&) -> Result<std::string> { return yaml; });
}

}  // namespace

TEST_CASE("RFC 3339 times read and write") {
  const std::pair<const char*, const char*> cases[] = {
      {"2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"},
      {"2026-03-02t09:00:00z", "2026-03-02T09:00:00Z"},
      {"2026-03-02T09:00:00+01:00", "2026-03-02T08:00:00Z"},
      {"2026-03-02T00:30:00-05:30", "2026-03-02T06:00:00Z"},
      {"2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00.5Z"},
      {"2026-03-02T09:00:00.123456789Z", "2026-03-02T09:00:00.123456Z"},
      {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
      {"1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z"}};
  for (const auto& [text, expected] : cases) {
    const auto time = parse_rfc3339(text);
    REQUIRE(time);
    CHECK(format_rfc3339(*time) == expected);
  }
  for (const char* wrong : {"", "2026-03-02", "2026-03-02T09:00:00", "2026-13-02T09:00:00Z", "2026-02-30T09:00:00Z",
                            "2026-03-02T24:00:00Z", "2026-03-02T09:60:00Z", "2026-03-02T09:00:00.Z",
                            "2026-03-02T09:00:00+1:00", "2026-03-02T09:00:00Zx", "x026-03-02T09:00:00Z"}) {
    CHECK_FALSE(parse_rfc3339(wrong));
  }
}

TEST_CASE("Retry-After is seconds or an HTTP date") {
  const Time now = *parse_rfc3339("2026-11-19T01:13:22Z");
  CHECK(parse_retry_after("120", now) == 120s);
  CHECK(parse_retry_after("-5", now) == 0s);
  CHECK(parse_retry_after("Thu, 19 Nov 2026 01:13:52 GMT", now) == 30s);
  CHECK(parse_retry_after("Thu, 19 Nov 2026 01:00:00 GMT", now) == 0s);
  for (const char* wrong : {"", "soon", "12s", "1e3", "Thu, 19 Foo 2026 01:13:52 GMT", "Thu, 31 Feb 2026 01:13:52 GMT"})
    CHECK_FALSE(parse_retry_after(wrong, now));
}

TEST_CASE("sealed secrets open only where they belong") {
  CountingRandom random;
  const std::string key = "k1:" + base64url(std::string(32, 'k'));
  const KeyRing ring = *KeyRing::parse(key);
  const SealContext home{"credentials", "sealed", "row", "owner", "google", "refresh_token"};
  const std::string sealed = ring.seal(Secret("1//refresh"), home, random);
  CHECK(sealed.find("refresh") == std::string::npos);
  CHECK(ring.open(sealed, home)->reveal() == "1//refresh");
  CHECK(ring.seal(Secret("1//refresh"), home, random) != sealed);
  CHECK(ring.seal(Secret(""), home, random) != "");

  SealContext elsewhere[6] = {home, home, home, home, home, home};
  elsewhere[0].table = "other";
  elsewhere[1].column = "other";
  elsewhere[2].row = "other";
  elsewhere[3].owner = "other";
  elsewhere[4].provider = "microsoft";
  elsewhere[5].kind = "access_token";
  for (const SealContext& wrong : elsewhere) CHECK(ring.open(sealed, wrong).has_error());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string flipped = sealed;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    const auto opened = ring.open(flipped, home);
    // The unused low bits of a last base64 digit do not reach the bytes.
    if (opened)
      CHECK(decode_base64(flipped.substr(flipped.rfind('.') + 1)) ==
            decode_base64(sealed.substr(sealed.rfind('.') + 1)));
  }
}

TEST_CASE("a key ring opens what an older key sealed, and says which key is missing") {
  CountingRandom random;
  const std::string old_key = "old:" + base64url(std::string(32, 'o'));
  const std::string new_key = "new:" + base64url(std::string(32, 'n'));
  const SealContext home{"t", "c", "r", "o", "p", "k"};
  const std::string sealed = KeyRing::parse(old_key)->seal(Secret("x"), home, random);
  const KeyRing both = *KeyRing::parse(new_key + ", " + old_key);
  CHECK(both.active_key() == "new");
  CHECK(both.open(sealed, home)->reveal() == "x");
  CHECK(KeyRing::key_of(sealed) == "old");
  const auto missing = KeyRing::parse(new_key)->open(sealed, home);
  REQUIRE(missing.has_error());
  CHECK(missing.error().failure == Failure::misconfigured);
  CHECK(missing.error().message.find("'old'") != std::string::npos);
  for (const char* wrong : {"", "k1", "k1:", ":abc", "k1:short", "a.b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    CHECK(KeyRing::parse(wrong).has_error());
  CHECK(KeyRing::parse(old_key + "," + old_key).has_error());
}

TEST_CASE("a secret has no way out but reveal()") {
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!fmt::is_formattable<Secret>::value);
  Secret first("abc");
  const Secret second = std::move(first);
  CHECK(second.reveal() == "abc");
  CHECK(first.empty());
}

TEST_CASE("hostile JSON is an error, not a crash") {
  CHECK(json::parse(std::string(100000, '[')).has_error());
  CHECK(json::parse("{\"a\": -9888888e888888}").has_error());
  CHECK(json::parse("{\"a\": 1").has_error());
  CHECK(json::parse("\"\xff\"").has_error());
  CHECK(json::parse("").has_error());
  const auto good = json::parse(R"({"n": "42", "i": 7, "s": "a\"[", "x": null})");
  REQUIRE(good.has_value());
  CHECK(json::int_at(*good, "n") == 42);
  CHECK(json::int_at(*good, "i") == 7);
  CHECK(json::text_at(*good, "s") == "a\"[");
  CHECK_FALSE(json::member(*good, "x"));
  CHECK_FALSE(json::string_at(*good, "i"));
}

TEST_CASE("an unknown configuration key names the nearest known one") {
  const std::pair<const char*, const char*> cases[] = {
      {"server: {prot: 1}", "server.port"},
      {"worker: {leaseseconds: 1}", "worker.lease_seconds"},
      {"providers: {google: {endpoints: {tokn: x}}}", "providers.google.endpoints.token"},
      {"srever: {port: 1}", "server.port"},
      {"allow_insecure_endpoint: true", "allow_insecure_endpoints"}};
  for (const auto& [yaml, nearest] : cases) {
    const auto settings = load(yaml);
    REQUIRE(settings.has_error());
    CHECK(settings.error().message.find("did you mean '" + std::string(nearest) + "'") != std::string::npos);
  }
}

TEST_CASE("configuration values are checked") {
  for (const char* yaml : {"server: {port: 70000}", "server: {port: abc}", "server: {port: [1, 2]}",
                           "log: {level: loud}", "oauth: {require_confirmation: maybe}", "- a", "server: {port: 1",
                           "providers: {google: {endpoints: {api: 'http://x'}}}",
                           "providers: {google: {endpoints: {api: 'ftp://x'}}}", "push: {public_url: 'ftp://x'}"}) {
    INFO(yaml);
    const auto settings = load(yaml);
    REQUIRE(settings.has_error());
    CHECK(settings.error().failure == Failure::misconfigured);
  }
}

TEST_CASE("the environment overrides the file, and secrets may come from files") {
  const auto settings = load("server: {port: 1, host: a}\noauth: {return_to: ['https://a/', 'https://b/']}",
                             {{"CALSYNC_SERVER_PORT", "2"}, {"GOOGLE_CLIENT_ID", "id"}});
  REQUIRE(settings.has_value());
  CHECK(settings->server.port == 2);
  CHECK(settings->server.host == "a");
  CHECK(settings->oauth.return_to == std::vector<std::string>{"https://a/", "https://b/"});
  CHECK(settings->google.client_id == "id");
  const auto from_file =
      load_settings("", {{"CALENDAR_APP_TOKENS_FILE", "/run/tokens"}},
                    [](const std::string&) -> Result<std::string> { return std::string("app:secret\n"); });
  REQUIRE(from_file.has_value());
  CHECK(from_file->app_tokens.reveal() == "app:secret");
  const auto missing = load_settings("", {{"DATABASE_URL_FILE", "/nowhere"}}, no_file);
  REQUIRE(missing.has_error());
  CHECK(missing.error().message.find("DATABASE_URL_FILE") != std::string::npos);
}
