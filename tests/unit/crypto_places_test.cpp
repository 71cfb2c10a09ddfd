// SPDX-License-Identifier: Apache-2.0
// A sealed text opens unaltered and in its own place, or not at all: every bit, every field, and contexts at random.
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "common/base/crypto.hpp"

namespace calsync {
namespace {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::string bytes(std::size_t count) override {
    std::string out(count, '\0');
    for (char& c : out) c = static_cast<char>(engine_());
    return out;
  }
  std::size_t below(std::size_t end) { return engine_() % end; }

 private:
  std::mt19937_64 engine_;
};

using Field = std::string SealContext::*;
constexpr std::array<Field, 6> fields{&SealContext::table, &SealContext::column,   &SealContext::row,
                                      &SealContext::owner, &SealContext::provider, &SealContext::kind};

const KeyRing& ring() {
  static const KeyRing keys =
      KeyRing::parse("k2:" + base64url(std::string(32, '2')) + ",k1:" + base64url(std::string(32, '1'))).value();
  return keys;
}

bool equal(const SealContext& a, const SealContext& b) {
  return std::all_of(fields.begin(), fields.end(), [&](Field field) { return a.*field == b.*field; });
}

/// Why it did not open; REQUIREs that it did not, and that the reason gives nothing away.
Failure refusal(const std::string& sealed, const SealContext& context) {
  const auto opened = ring().open(sealed, context);
  REQUIRE(opened.has_error());
  REQUIRE(opened.error().message.find("canary") == std::string::npos);
  return opened.error().failure;
}

/// The same bits as open() may see them: altered in one place.
std::string with_bit(std::string text, std::size_t bit) {
  text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  return text;
}

TEST_CASE("each flipped bit is refused, and only another key's name is called a missing key", "[crypto][seal]") {
  const SealContext home{"external_calendar_credentials", "sealed", "row", "owner", "google", "refresh_token"};
  SeededRandom random(1);
  // Every remainder of a length divided by three leaves other unused bits in the last digit of base64.
  for (const std::size_t length : {0U, 1U, 2U, 3U, 40U, 41U, 42U}) {
    const std::string sealed = ring().seal(Secret(std::string("canary").append(length, 'x')), home, random);
    const std::size_t id_begin = sealed.find('.') + 1;
    const std::size_t id_end = sealed.find('.', id_begin);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      const std::string altered = with_bit(sealed, bit);
      const Failure failure = refusal(altered, home);
      const bool in_id = bit / 8 >= id_begin && bit / 8 < id_end;
      if (!in_id && failure != Failure::internal) FAIL("length " << length << ", bit " << bit);
      if (in_id && failure != Failure::internal && failure != Failure::misconfigured)
        FAIL("bit " << bit << " of the id");
    }
    // A key that the ring has, but not this one.
    CHECK(refusal("v1.k1" + sealed.substr(id_end), home) == Failure::internal);
    CHECK(refusal("v1.k3" + sealed.substr(id_end), home) == Failure::misconfigured);
    CHECK(refusal("v2" + sealed.substr(2), home) == Failure::internal);
  }
}

TEST_CASE("each flipped bit of the bytes below base64 is refused", "[crypto][seal]") {
  const SealContext home{"external_calendar_credentials", "sealed", "row", "owner", "google", "refresh_token"};
  SeededRandom random(2);
  const std::string sealed = ring().seal(Secret("canary in a mine"), home, random);
  const std::size_t nonce_begin = sealed.find('.', 3) + 1;
  const std::size_t body_begin = sealed.find('.', nonce_begin) + 1;
  const std::string nonce = decode_base64(sealed.substr(nonce_begin, body_begin - 1 - nonce_begin)).value();
  const std::string body = decode_base64(sealed.substr(body_begin)).value();
  REQUIRE(ring().open("v1.k2." + base64url(nonce) + "." + base64url(body), home).has_value());
  for (std::size_t bit = 0; bit < nonce.size() * 8; ++bit)
    CHECK(refusal("v1.k2." + base64url(with_bit(nonce, bit)) + "." + base64url(body), home) == Failure::internal);
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit)
    CHECK(refusal("v1.k2." + base64url(nonce) + "." + base64url(with_bit(body, bit)), home) == Failure::internal);
  CHECK(refusal("v1.k2." + base64url(body) + "." + base64url(nonce), home) == Failure::internal);
}

TEST_CASE("a text that names no possible key is not repeated", "[crypto][seal]") {
  const SealContext home{"t", "c", "r", "o", "p", "k"};
  for (const std::string& id : {std::string(33, 'c'), std::string("ca nary"), std::string("k\x01"),
                                std::string("k\xff"), std::string("k\n1")}) {
    const auto opened = ring().open("v1." + id + ".AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA", home);
    REQUIRE(opened.has_error());
    CHECK(opened.error().failure == Failure::internal);
    CHECK(opened.error().message.find(id) == std::string::npos);
    CHECK(KeyRing::key_of("v1." + id + ".n.c").empty());
  }
}

/// Everything that is sealed anywhere, for two owners with two connections each at two providers.
std::vector<SealContext> places() {
  std::vector<SealContext> all;
  for (const char* owner : {"owner-1", "owner-2"})
    for (const char* provider : {"google", "ics"})
      for (const char* row : {"row-1", "row-2"}) {
        for (const char* kind : {"access_token", "refresh_token", "password", "feed_url"})
          all.push_back({"external_calendar_credentials", "sealed", row, owner, provider, kind});
        all.push_back({"calendar_revocations", "sealed", row, owner, provider, "refresh_token"});
        all.push_back({"calendar_oauth_flows", "verifier_sealed", row, owner, provider, "code_verifier"});
      }
  return all;
}

TEST_CASE("what was sealed in one place opens in no other", "[crypto][seal]") {
  SeededRandom random(3);
  const std::vector<SealContext> all = places();
  std::size_t refused = 0;
  for (const SealContext& from : all) {
    const std::string sealed = ring().seal(Secret("canary"), from, random);
    for (const SealContext& to : all) {
      if (equal(from, to)) {
        CHECK(ring().open(sealed, to).has_value());
      } else if (refusal(sealed, to) == Failure::internal) {
        ++refused;
      }
    }
  }
  CHECK(refused == all.size() * (all.size() - 1));
}

TEST_CASE("two fields exchanged, or one taken from elsewhere, is another place", "[crypto][seal]") {
  SeededRandom random(4);
  const SealContext home{"table", "column", "row", "owner", "provider", "kind"};
  const SealContext other{"table2", "column2", "row2", "owner2", "provider2", "kind2"};
  const std::string sealed = ring().seal(Secret("canary"), home, random);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    SealContext moved = home;
    moved.*fields[i] = other.*fields[i];
    CHECK(refusal(sealed, moved) == Failure::internal);
    for (std::size_t k = i + 1; k < fields.size(); ++k) {
      SealContext exchanged = home;
      std::swap(exchanged.*fields[i], exchanged.*fields[k]);
      CHECK(refusal(sealed, exchanged) == Failure::internal);
      SealContext both = home;
      both.*fields[i] = other.*fields[i];
      both.*fields[k] = other.*fields[k];
      CHECK(refusal(sealed, both) == Failure::internal);
    }
  }
}

/// Few characters, among them those that separate fields, so that collisions would come often.
SealContext any_context(SeededRandom& random) {
  constexpr std::string_view alphabet(
      "\0"
      "01:.a",
      6);
  SealContext context;
  for (const Field field : fields)
    for (std::size_t left = random.below(4); left > 0; --left)
      context.*field += alphabet[random.below(alphabet.size())];
  return context;
}

/// Another context made of the same characters in the same order: the borders between fields moved.
SealContext with_other_borders(const SealContext& context, SeededRandom& random) {
  std::string text;
  for (const Field field : fields) text += context.*field;
  SealContext moved;
  for (const Field field : fields) {
    const std::size_t length = random.below(text.size() + 1);
    moved.*field = text.substr(0, length);
    text.erase(0, length);
  }
  moved.kind += text;
  return moved;
}

TEST_CASE("contexts at random: only the same one opens", "[crypto][seal]") {
  const std::uint64_t seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device()();
  CAPTURE(seed);
  SeededRandom random(seed);
  for (int round = 0; round < 5000; ++round) {
    const SealContext from = any_context(random);
    const SealContext to = round % 2 == 0 ? any_context(random) : with_other_borders(from, random);
    const std::string text = random.bytes(random.below(80));
    const std::string sealed = ring().seal(Secret(text), from, random);
    const auto home = ring().open(sealed, from);
    REQUIRE(home.has_value());
    REQUIRE(home->reveal() == text);
    REQUIRE(ring().open(sealed, to).has_value() == equal(from, to));
    REQUIRE(ring().open(with_bit(sealed, random.below(sealed.size() * 8)), from).has_error());
  }
}

}  // namespace
}  // namespace calsync
