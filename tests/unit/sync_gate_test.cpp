// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/sync/gate.hpp"

using namespace calsync;
using namespace calsync::sync;

namespace {

const OwnerId listed = *OwnerId::parse("11111111-1111-4111-8111-111111111111");
const OwnerId stranger = *OwnerId::parse("22222222-2222-4222-8222-222222222222");
const ConnectionId connection = *ConnectionId::parse("33333333-3333-4333-8333-333333333333");
const ConnectionId other = *ConnectionId::parse("44444444-4444-4444-8444-444444444444");

std::map<std::string, std::string> all_on() {
  return {{"CALENDAR_SYNC_ENABLED", "true"},
          {"CALENDAR_OAUTH_ENABLED", "true"},
          {"CALENDAR_JOBS_ENABLED", "true"},
          {"CALENDAR_WEBHOOK_ENABLED", "true"},
          {"CALENDAR_ALLOWLIST_PROVIDER_IDS", "*"}};
}

}  // namespace

TEST_CASE("each operation needs exactly its flags, in all sixteen combinations") {
  const std::pair<Operation, std::set<Flag>> needs[] = {{Operation::connect, {Flag::oauth}},
                                                        {Operation::use_calendar, {Flag::sync}},
                                                        {Operation::run_job, {Flag::sync, Flag::jobs}},
                                                        {Operation::poll, {Flag::sync, Flag::jobs}},
                                                        {Operation::receive_push, {Flag::webhook}}};
  const Flag flags[] = {Flag::sync, Flag::oauth, Flag::jobs, Flag::webhook};
  for (unsigned bits = 0; bits < 16; ++bits) {
    auto environment = all_on();
    for (unsigned i = 0; i < 4; ++i) environment[std::string(flag_name(flags[i]))] = (bits >> i) & 1 ? "true" : "false";
    const GateSettings gate = parse_gate(environment);
    CHECK(gate.invalid.empty());
    for (const auto& [operation, needed] : needs) {
      bool expected = true;
      for (const Flag flag : needed) expected &= gate.on(flag);
      const Answer answer = ask(gate, operation, &listed, &connection);
      CHECK(static_cast<bool>(answer) == expected);
      if (!answer) CHECK(needed.contains(*answer.refusal.flag));
    }
  }
}

TEST_CASE("only true and false are values; anything else is off and reported") {
  const char* on[] = {"true", "TRUE", " True ", "\ttrue\n"};
  const char* off[] = {"false", "FALSE", " false ", "", "  "};
  const char* wrong[] = {"1",      "0",    "yes",   "no",  "on",         "off",   "enabled",
                         "t",      "f",    "truee", "tru", "true false", "true,", "\"true\"",
                         "'true'", "null", "TRUE1", "2",   "-1",         "да",    "tr\tue"};
  for (const char* text : on) {
    const GateSettings gate = parse_gate({{"CALENDAR_SYNC_ENABLED", text}});
    CHECK(gate.on(Flag::sync));
    CHECK(gate.invalid.empty());
  }
  for (const char* text : off) {
    const GateSettings gate = parse_gate({{"CALENDAR_SYNC_ENABLED", text}});
    CHECK_FALSE(gate.on(Flag::sync));
    CHECK(gate.invalid.empty());
  }
  for (const char* text : wrong) {
    const GateSettings gate = parse_gate({{"CALENDAR_SYNC_ENABLED", text}});
    CHECK_FALSE(gate.on(Flag::sync));
    REQUIRE(gate.invalid.size() == 1);
    CHECK(gate.invalid[0].name == "CALENDAR_SYNC_ENABLED");
  }
  CHECK_FALSE(parse_gate({}).on(Flag::sync));
}

TEST_CASE("allowlists restrict, and a malformed id never widens access") {
  struct Case {
    const char* env;
    const char* owners;
    const char* connections;
    bool listed_in, stranger_in, other_connection_in;
    std::size_t invalid;
  };
  const Case cases[] = {
      {"production", "", "", false, false, false, 0},
      {"", "", "", false, false, false, 0},
      {"staging", "", "", false, false, false, 1},
      {"development", "", "", true, true, true, 0},
      {"production", "*", "", true, true, true, 0},
      {"production", "11111111-1111-4111-8111-111111111111", "", true, false, true, 0},
      {"development", "11111111-1111-4111-8111-111111111111", "", true, false, true, 0},
      {"production", " 11111111-1111-4111-8111-111111111111 , ", "", true, false, true, 0},
      {"production", "11111111-1111-4111-8111-111111111111,zzz", "", true, false, true, 1},
      {"development", "zzz", "", false, false, false, 1},
      {"development", ",", "", false, false, false, 0},
      {"production", "*", "33333333-3333-4333-8333-333333333333", true, true, false, 0},
      {"production", "*", "nonsense", false, false, false, 1},
      {"production", "*", "*", true, true, true, 0},
      {"production", "11111111-1111-4111-8111-11111111111", "", false, false, false, 1},
      {"production", "{11111111-1111-4111-8111-111111111111}", "", false, false, false, 1},
  };
  for (const Case& one : cases) {
    auto environment = all_on();
    environment["CALENDAR_ENV"] = one.env;
    environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = one.owners;
    environment["CALENDAR_ALLOWLIST_CONNECTION_IDS"] = one.connections;
    const GateSettings gate = parse_gate(environment);
    INFO(one.env << " | " << one.owners << " | " << one.connections);
    CHECK(static_cast<bool>(ask(gate, Operation::use_calendar, &listed, &connection)) == one.listed_in);
    CHECK(static_cast<bool>(ask(gate, Operation::use_calendar, &stranger, &connection)) == one.stranger_in);
    CHECK(static_cast<bool>(ask(gate, Operation::use_calendar, &listed, &other)) == one.other_connection_in);
    CHECK(gate.invalid.size() == one.invalid);
  }
}

TEST_CASE("upper-case ids of a list are the same ids") {
  auto environment = all_on();
  environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = "ABCDEF00-0000-4000-8000-00000000000A";
  const OwnerId owner = *OwnerId::parse("abcdef00-0000-4000-8000-00000000000a");
  CHECK(ask(parse_gate(environment), Operation::use_calendar, &owner));
}

TEST_CASE("a refusal by list names no flag, a refusal by flag comes first") {
  auto environment = all_on();
  environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = listed.str();
  CHECK_FALSE(ask(parse_gate(environment), Operation::connect, &stranger).refusal.flag);
  environment["CALENDAR_OAUTH_ENABLED"] = "false";
  CHECK(ask(parse_gate(environment), Operation::connect, &stranger).refusal.flag == Flag::oauth);
}

TEST_CASE("what a change of the gate lets in again") {
  const GateSettings on = parse_gate(all_on());
  auto environment = all_on();
  environment["CALENDAR_SYNC_ENABLED"] = "false";
  const GateSettings off = parse_gate(environment);
  environment = all_on();
  environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = listed.str();
  const GateSettings narrow = parse_gate(environment);
  environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = listed.str() + "," + stranger.str();
  const GateSettings wider = parse_gate(environment);
  const std::set<Flag> watched{Flag::sync};

  CHECK(released(off, on, watched).everything);
  CHECK(released(on, off, watched).nothing());
  CHECK(released(on, on, watched).nothing());
  CHECK(released(on, narrow, watched).nothing());
  CHECK(released(narrow, on, watched).everything);
  CHECK(released(narrow, wider, watched).owners == std::vector<std::string>{stranger.str()});
  CHECK(released(off, on, {Flag::webhook}).nothing());
}

TEST_CASE("the remembered gate reads back as it was") {
  auto environment = all_on();
  environment["CALENDAR_JOBS_ENABLED"] = "false";
  environment["CALENDAR_ALLOWLIST_PROVIDER_IDS"] = listed.str();
  const GateSettings gate = parse_gate(environment);
  const GateSettings back = gate_from_json(gate_to_json(gate));
  CHECK(back.flags == gate.flags);
  CHECK(back.owners == gate.owners);
  CHECK(back.connections == gate.connections);
  CHECK_FALSE(gate_from_json("garbage").on(Flag::sync));
}
