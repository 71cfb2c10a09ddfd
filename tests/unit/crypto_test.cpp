// SPDX-License-Identifier: Apache-2.0
#include "common/base/crypto.hpp"

#include <catch2/catch.hpp>

namespace calsync {
namespace {

class CountingRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override { return std::string(count, static_cast<char>(++calls_)); }

 private:
  int calls_ = 0;
};

const SealContext home{"credentials", "sealed", "row", "owner", "google", "refresh_token"};

std::string key_text(const std::string& id, char fill) { return id + ":" + base64url(std::string(32, fill)); }

std::string seal(const KeyRing& ring, const std::string& text, const SealContext& context = home) {
  CountingRandom random;
  return ring.seal(Secret(text), context, random);
}

TEST_CASE("digests and their texts", "[crypto]") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abc").size() == 32);
  CHECK(to_hex(std::string("\0\x7f\xff", 3)) == "007fff");
}

TEST_CASE("base64 of both alphabets", "[crypto]") {
  const std::pair<const char*, const char*> rows[] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                                                      {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff\xbf", "-_-_"}};
  for (const auto& [plain, text] : rows) {
    CHECK(base64url(plain) == text);
    CHECK(decode_base64(text) == plain);
  }
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
  for (const char* wrong : {"A", "Zm9vA", "Zm 9", "Zm9v\n", "Z=g", "Zm9v!", "\xc3\xa9"}) {
    CAPTURE(wrong);
    CHECK_FALSE(decode_base64(wrong));
  }
}

TEST_CASE("equal in constant time", "[crypto]") {
  CHECK(equal_constant_time("", ""));
  CHECK(equal_constant_time("abc", "abc"));
  CHECK_FALSE(equal_constant_time("abc", "abd"));
  CHECK_FALSE(equal_constant_time("abc", "ab"));
  CHECK_FALSE(equal_constant_time("", "a"));
}

TEST_CASE("what is sealed opens, of any length and content", "[crypto][seal]") {
  const KeyRing ring = KeyRing::parse(key_text("k1", 'k')).value();
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("\0\xff\n.", 4), std::string(100000, 's')}) {
    const auto opened = ring.open(seal(ring, text), home);
    REQUIRE(opened.has_value());
    CHECK(opened->reveal() == text);
  }
}

TEST_CASE("a sealed text of which any bit is another does not open", "[crypto][seal]") {
  const KeyRing ring = KeyRing::parse(key_text("k1", 'k')).value();
  // Lengths that leave none, two and four unused bits in the last digit of base64.
  for (const std::string text : {"12345678", "1234567", "123456"}) {
    const std::string sealed = seal(ring, text);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
        if (ring.open(altered, home).has_value()) FAIL("length " << text.size() << ", byte " << i << ", bit " << bit);
      }
    }
    for (std::size_t length = 0; length < sealed.size(); ++length) {
      if (ring.open(sealed.substr(0, length), home).has_value()) FAIL("cut to " << length);
    }
  }
}

TEST_CASE("no second spelling of a sealed text opens", "[crypto][seal]") {
  const KeyRing ring = KeyRing::parse(key_text("k1", 'k')).value();
  const std::string sealed = seal(ring, "token");
  for (const std::string& altered :
       {sealed + "=", sealed + ".", "." + sealed, "v1." + sealed.substr(2), "v2" + sealed.substr(2), sealed + "A",
        sealed + ".x", std::string("v1...."), std::string("v1.k1.."), std::string()}) {
    CAPTURE(altered);
    const auto opened = ring.open(altered, home);
    REQUIRE(opened.has_error());
    CHECK(opened.error().failure == Failure::internal);
  }
}

TEST_CASE("a sealed text opens in no other place", "[crypto][seal]") {
  const KeyRing ring = KeyRing::parse(key_text("k1", 'k')).value();
  const std::string sealed = seal(ring, "token");
  std::string SealContext::* const fields[] = {&SealContext::table, &SealContext::column,   &SealContext::row,
                                               &SealContext::owner, &SealContext::provider, &SealContext::kind};
  for (const auto field : fields) {
    for (const std::string& other : {std::string("other"), std::string(), home.*field + "x", "x" + home.*field}) {
      SealContext elsewhere = home;
      elsewhere.*field = other;
      const auto opened = ring.open(sealed, elsewhere);
      REQUIRE(opened.has_error());
      CHECK(opened.error().failure == Failure::internal);
      CHECK(opened.error().message.find("token") == std::string::npos);
    }
  }
  // Fields cannot be read as one another.
  SealContext shifted = home;
  shifted.table += shifted.column.substr(0, 1);
  shifted.column.erase(0, 1);
  CHECK(ring.open(sealed, shifted).has_error());
  SealContext swapped = home;
  std::swap(swapped.row, swapped.owner);
  CHECK(ring.open(sealed, swapped).has_error());
}

TEST_CASE("rotation: the first key seals, every key opens, a key that is gone is named", "[crypto][seal]") {
  const KeyRing before = KeyRing::parse(key_text("a", 'a')).value();
  const KeyRing during = KeyRing::parse(key_text("b", 'b') + "\n" + key_text("a", 'a') + "\n").value();
  const KeyRing after = KeyRing::parse(key_text("b", 'b')).value();
  const std::string old_text = seal(before, "token");
  const std::string new_text = seal(during, "token");
  CHECK(KeyRing::key_of(old_text) == "a");
  CHECK(KeyRing::key_of(new_text) == "b");
  CHECK(during.open(old_text, home)->reveal() == "token");
  CHECK(during.open(new_text, home)->reveal() == "token");
  CHECK(after.open(new_text, home)->reveal() == "token");
  const auto lost = after.open(old_text, home);
  REQUIRE(lost.has_error());
  CHECK(lost.error().failure == Failure::misconfigured);
  CHECK(lost.error().message.find("'a'") != std::string::npos);
  // The same id with other bytes, and the ids exchanged.
  const KeyRing impostor = KeyRing::parse(key_text("a", 'x')).value();
  CHECK(impostor.open(old_text, home).error().failure == Failure::internal);
  std::string renamed = old_text;
  renamed[3] = 'b';
  CHECK(during.open(renamed, home).error().failure == Failure::internal);
}

TEST_CASE("errors of a key ring say which entry and why, never its bytes", "[crypto][keys]") {
  const std::string bytes = base64url(std::string(32, 'q'));
  const std::string good = key_text("good", 'g') + ",";
  struct Row {
    std::string text, names;
  };
  const Row rows[] = {{good + bytes, "number 2"},
                      {good + ":" + bytes, "number 2"},
                      {good + bytes + ":k2", "number 2"},
                      {bytes + "=:k1", "number 1"},
                      {good + "k2:" + bytes.substr(1), "'k2'"},
                      {good + "k2:" + bytes + "AAAA", "'k2'"},
                      {good + "k2:" + bytes + ":x", "'k2'"},
                      {good + "k2: " + bytes, "'k2'"},
                      {good + "k.2:" + bytes, "'k.2'"},
                      {good + "k2:" + bytes + ";k3:" + bytes, "'k2'"},
                      {good + "good:" + bytes, "'good'"},
                      {"", "no token key"},
                      {" ,\n", "no token key"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto ring = KeyRing::parse(row.text);
    REQUIRE(ring.has_error());
    CHECK(ring.error().failure == Failure::misconfigured);
    CHECK(ring.error().message.find(row.names) != std::string::npos);
    CHECK(ring.error().message.find(bytes.substr(1, 12)) == std::string::npos);
  }
}

TEST_CASE("key ids name themselves; what is no sealed text has none", "[crypto][keys]") {
  for (const char* text : {"", "v1", "v1.k.n", "v2.k.n.c", "v1.k.n.c.d", "plain"}) CHECK(KeyRing::key_of(text).empty());
  CHECK(KeyRing::key_of("v1.k.n.c") == "k");
}

}  // namespace
}  // namespace calsync
