// SPDX-License-Identifier: Apache-2.0
#include "common/base/json_slices.hpp"

#include <catch2/catch.hpp>

namespace calsync::json {
namespace {

using Members = std::vector<std::pair<Slice, Slice>>;
using Elements = std::vector<Slice>;

TEST_CASE("an object is cut into its members, bytes untouched", "[json][slices]") {
  struct Row {
    std::string text;
    Members members;
  };
  const auto row = GENERATE(values<Row>({
      {"{}", {}},
      {" {\n} ", {}},
      {R"({"a":1})", {{"a", "1"}}},
      {R"( { "a" : -1.50e3 , "b" : null } )", {{"a", "-1.50e3"}, {"b", "null"}}},
      {R"({"a":{"b":[1,{"c":"}"}]},"d":"x,\"y\":{"})", {{"a", R"({"b":[1,{"c":"}"}]})"}, {"d", R"("x,\"y\":{")"}}},
      {R"({"back\\":"slash\\","n":"\"]"})", {{R"(back\\)", R"("slash\\")"}, {"n", R"("\"]")"}}},
      {R"({"a":1,"a":2})", {{"a", "1"}, {"a", "2"}}},
  }));
  CAPTURE(row.text);
  const auto members = member_slices(row.text);
  REQUIRE(members);
  CHECK(*members == row.members);
}

TEST_CASE("an array is cut into its elements", "[json][slices]") {
  CHECK(element_slices("[]") == Elements{});
  CHECK(element_slices(" [ 1 , \"a,b\" ,[2,3],{\"x\":[]}, 9e9999 ] ") ==
        Elements{"1", "\"a,b\"", "[2,3]", "{\"x\":[]}", "9e9999"});
}

TEST_CASE("text that is cut short or wrongly joined is refused", "[json][slices]") {
  for (const char* text :
       {"", " ", "{", "[1]", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{a:1}",
        "{\"a\":\"x}", "{\"a\":[1,2}", "{\"a\":1}}", "{\"a\":{\"b\":1}", "{,}", "{\"a\\\":1}"}) {
    CAPTURE(text);
    CHECK_FALSE(member_slices(text));
  }
  for (const char* text : {"", "{}", "[", "[1,]", "[,1]", "[1 2]", "[1]]", "[\"a]", "[[1]", "[1"}) {
    CAPTURE(text);
    CHECK_FALSE(element_slices(text));
  }
}

TEST_CASE("nesting of any depth is walked over without recursion", "[json][slices]") {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  const auto elements = element_slices("[" + deep + ",1]");
  REQUIRE(elements);
  CHECK(elements->size() == 2);
  CHECK_FALSE(element_slices("[" + std::string(1'000'000, '[') + "]"));
}

TEST_CASE("one member is found by name", "[json][slices]") {
  CHECK(member_slice(R"({"x":1,"id":"a","id":"b"})", "id") == Slice(R"("a")"));
  CHECK(member_slice(R"({"id":"a",})", "id") == Slice(R"("a")"));
  CHECK(member_slice(R"({"id":"a","x" 7})", "id") == Slice(R"("a")"));
  CHECK_FALSE(member_slice(R"({"x":1})", "id"));
  CHECK_FALSE(member_slice(R"({"x":{"id":1}})", "id"));
  CHECK_FALSE(member_slice("{}", "id"));
  CHECK_FALSE(member_slice("[]", "id"));
}

TEST_CASE("NUL escapes are replaced, escaped backslashes are not mistaken for them", "[json][slices]") {
  CHECK(without_nul_escapes(R"("a\u0000b\u0000")") == R"("a\ufffdb\ufffd")");
  CHECK(without_nul_escapes(R"("a\\u0000b")") == R"("a\\u0000b")");
  CHECK(without_nul_escapes(R"("a\\\u0000b")") == R"("a\\\ufffdb")");
  CHECK(without_nul_escapes(R"("\u0001\n\")") == R"("\u0001\n\")");
}

TEST_CASE("numbers that turn into infinity or zero are noticed", "[json][slices]") {
  for (const char* text : {"[-9888888e888888]", "{\"a\":1E+1000}", "[1e-20000]", "[1.5e0001000]"}) {
    CAPTURE(text);
    CHECK(has_absurd_number(text));
  }
  CHECK(has_absurd_number("[" + std::string(401, '9') + "]"));
  for (const char* text : {"[1e308]", "[0.0e-000012]", "{\"a1e9999\":\"-9888888e888888\"}", "[1e0000000000001]",
                           "\"unended", "[true,-1.5]"}) {
    CAPTURE(text);
    CHECK_FALSE(has_absurd_number(text));
  }
}

}  // namespace
}  // namespace calsync::json
