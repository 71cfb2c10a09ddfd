// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/environment.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "print_result.hpp"

namespace calsync {
namespace {

TEST_CASE("environment files are read as systemd reads them", "[runtime][environment]") {
  struct Case {
    std::string text;
    Environment expected;
  };
  const auto test = GENERATE(values<Case>({
      {"", {}},
      {"\n \n\t\n", {}},
      {"# A=1\n; B=2\n  # C=3", {}},
      {"A=1\nB=two words \n", {{"A", "1"}, {"B", "two words"}}},
      {"A=1", {{"A", "1"}}},
      {"A=", {{"A", ""}}},
      {"A=\nB=2", {{"A", ""}, {"B", "2"}}},
      {"  A = 1  \r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
      {"A=1\nA=2", {{"A", "2"}}},
      {"A=a=b", {{"A", "a=b"}}},
      {"A=1 # not a comment", {{"A", "1 # not a comment"}}},
      {"A=\"  quoted  \"", {{"A", "  quoted  "}}},
      {"A='single \\n $x'", {{"A", "single \\n $x"}}},
      {"A=\"a\\\"b\\\\c\\$d\\`e\\nf\"", {{"A", "a\"b\\c$d`e\\nf"}}},
      {"A=\"two\nlines\"\nB=1", {{"A", "two\nlines"}, {"B", "1"}}},
      {"A=\"joined \\\nlines\"", {{"A", "joined lines"}}},
      {"A='x''y'", {{"A", "xy"}}},
      {"A='x' \"y\" z", {{"A", "xyz"}}},
      {"A=it's", {{"A", "it's"}}},
      {"A=one\\\ntwo", {{"A", "onetwo"}}},
      {"A=back\\\\slash\\x", {{"A", "back\\slashx"}}},
      {"A=trailing\\ \nB=1", {{"A", "trailing "}, {"B", "1"}}},
      {"# goes on \\\nA=1\nB=2", {{"B", "2"}}},
      {"\xEF\xBB\xBF"
       "A=1",
       {{"A", "1"}}},
      {"_a1=\xC3\xA9", {{"_a1", "\xC3\xA9"}}},
  }));
  INFO(test.text);
  const auto entries = parse_environment_file(test.text);
  REQUIRE(entries);
  CHECK(*entries == test.expected);
}

TEST_CASE("mistakes in an environment file are told with their line and without the value", "[runtime][environment]") {
  struct Case {
    std::string text;
    std::string where;
  };
  const auto test = GENERATE(values<Case>({
      {"A=1\nhush", "line 2 "},
      {"A=1\n\n# x\nexport KEY=hush\n", "line 4 "},
      {"=hush", "line 1 "},
      {"1A=hush", "line 1 "},
      {"A-B=hush", "line 1 "},
      {"\nA=\"hush", "line 2 "},
      {"\nA='hush\n\n", "line 2 "},
      {"A=\"hush\\", "line 1 "},
      {"A=\"two\nlines\"\nhush", "line 3 "},
      {std::string("A=hu\0sh", 7), "line 1 "},
  }));
  INFO(test.text);
  const auto entries = parse_environment_file(test.text);
  REQUIRE_FALSE(entries);
  CHECK(entries.error().failure == Failure::invalid_input);
  CHECK_THAT(entries.error().message, Catch::StartsWith(test.where) && !Catch::Contains("hu"));
}

TEST_CASE("variables of the process are read", "[runtime][environment]") {
  ::setenv("CALSYNC_TEST_VARIABLE", "a=b", 1);
  CHECK(environment_variable("CALSYNC_TEST_VARIABLE") == "a=b");
  CHECK(read_environment().at("CALSYNC_TEST_VARIABLE") == "a=b");
  ::setenv("CALSYNC_TEST_VARIABLE", "", 1);
  CHECK(environment_variable("CALSYNC_TEST_VARIABLE") == "");
  ::unsetenv("CALSYNC_TEST_VARIABLE");
  CHECK_FALSE(environment_variable("CALSYNC_TEST_VARIABLE"));
  CHECK_FALSE(read_environment().contains("CALSYNC_TEST_VARIABLE"));
}

}  // namespace
}  // namespace calsync
