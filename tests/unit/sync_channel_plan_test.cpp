// SPDX-License-Identifier: Apache-2.0
#include "common/sync/channel_plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

using namespace calsync::sync;

namespace {

Channel live(std::string id, std::string calendar = "work") {
  Channel channel;
  channel.id = std::move(id);
  channel.calendar_id = std::move(calendar);
  channel.resource_id = "r";
  return channel;
}

Channel with(Channel channel, bool Channel::* fact, bool value = true) {
  channel.*fact = value;
  return channel;
}

Channel in(Channel channel, ChannelState state) {
  channel.state = state;
  return channel;
}

/// "open work (renewal) instead of a; stop b; forget c", in a fixed order.
std::string words(const ChannelPlan& plan) {
  std::string text;
  for (const auto& one : plan.open) {
    text += "open " + one.calendar_id + " (" + std::string(open_reason_name(one.reason)) + ")";
    for (const Channel& old : one.replaces) text += " instead of " + old.id;
    text += "; ";
  }
  for (const Channel& one : plan.stop) text += "stop " + one.id + "; ";
  for (const std::string& one : plan.forget) text += "forget " + one + "; ";
  return text;
}

const std::string here = "https://here.example/api/webhooks/calendar/google";
const std::vector<WatchedCalendar> work{{"work"}};

}  // namespace

TEST_CASE("every wanted calendar gets exactly one live channel") {
  CHECK(words(plan_channels({}, {}, here)) == "");
  CHECK(words(plan_channels(work, {}, here)) == "open work (none yet); ");
  CHECK(words(plan_channels(work, {live("a")}, here)) == "");
  CHECK(words(plan_channels({{"work"}, {"home"}}, {live("a")}, here)) == "open home (none yet); ");
  CHECK(words(plan_channels(work, {live("b"), live("a")}, here)) == "stop b; ");
  CHECK(words(plan_channels(work, {live("a"), live("b"), live("c")}, here)) == "stop b; stop c; ");
}

TEST_CASE("a calendar that cannot be watched is left alone") {
  CHECK(words(plan_channels({{"work", false}}, {}, here)) == "");
  CHECK(words(plan_channels({{"work", false}}, {with(live("a"), &Channel::renewal_due)}, here)) == "");
}

TEST_CASE("the new channel comes before the end of the old one") {
  CHECK(words(plan_channels(work, {with(live("a"), &Channel::renewal_due)}, here)) ==
        "open work (renewal) instead of a; ");
  CHECK(words(plan_channels(work, {with(live("a"), &Channel::silent)}, here)) == "open work (silence) instead of a; ");
  // A run that died after the new channel was live: the old one only has to go.
  CHECK(words(plan_channels(work, {with(live("a"), &Channel::renewal_due), live("b")}, here)) == "stop a; ");
}

TEST_CASE("a channel that speaks to another address is replaced") {
  Channel moved = live("a");
  moved.address = "https://old.example/api/webhooks/calendar/google";
  CHECK(words(plan_channels(work, {moved}, here)) == "open work (renewal) instead of a; ");
  moved.address = here;
  CHECK(words(plan_channels(work, {moved}, here)) == "");
}

TEST_CASE("channels of calendars that are not wanted end") {
  CHECK(words(plan_channels({}, {live("a"), in(live("b", "home"), ChannelState::opening)}, here)) ==
        "stop a; stop b; ");
  CHECK(words(plan_channels(work, {live("a"), live("b", "home")}, here)) == "stop b; ");
}

TEST_CASE("an opening that nobody finished is ended and made anew") {
  CHECK(words(plan_channels(work, {in(live("a"), ChannelState::opening)}, here)) == "open work (none yet); stop a; ");
}

TEST_CASE("what is to stop is stopped, but not before its pause is over") {
  const Channel stopping = in(live("a"), ChannelState::stopping);
  CHECK(words(plan_channels(work, {stopping, live("b")}, here)) == "stop a; ");
  CHECK(words(plan_channels(work, {with(stopping, &Channel::stop_due, false), live("b")}, here)) == "");
}

TEST_CASE("an expired channel is forgotten without a call") {
  CHECK(words(plan_channels(work, {with(live("a"), &Channel::expired)}, here)) == "open work (none yet); forget a; ");
  CHECK(words(plan_channels({}, {with(in(live("a"), ChannelState::stopping), &Channel::expired)}, here)) ==
        "forget a; ");
}

TEST_CASE("states that only another version knows count as ended") {
  CHECK(parse_channel_state("opening") == ChannelState::opening);
  CHECK(parse_channel_state("live") == ChannelState::live);
  CHECK(parse_channel_state("stopping") == ChannelState::stopping);
  CHECK(parse_channel_state("stopped") == ChannelState::stopping);
  CHECK(parse_channel_state("") == ChannelState::stopping);
}

TEST_CASE(
    "any mixture of channels settles in one round: one live channel per wanted calendar, and nothing is done twice") {
  std::mt19937 random(20261125);  // NOLINT: the same cases in each run
  const auto flip = [&random] { return random() % 2 == 0; };
  const std::vector<std::string> names{"a", "b", "c"};
  for (int round = 0; round < 20000; ++round) {
    std::vector<WatchedCalendar> wanted;
    std::set<std::string> wanted_ids;
    for (const std::string& name : names) {
      if (!flip()) continue;
      wanted.push_back({name, flip()});
      wanted_ids.insert(name);
    }
    std::vector<Channel> channels;
    for (std::size_t count = random() % 7; count > 0; --count) {
      Channel one = live("c" + std::to_string(count), names[random() % names.size()]);
      one.state = static_cast<ChannelState>(random() % 3);
      one.expired = random() % 5 == 0;
      one.renewal_due = flip();
      one.silent = flip();
      one.stop_due = one.state != ChannelState::stopping || flip();
      channels.push_back(one);
    }
    const ChannelPlan plan = plan_channels(wanted, channels, here);
    // Carries the plan out as a provider that refuses nothing would.
    std::set<std::string> gone(plan.forget.begin(), plan.forget.end());
    std::set<std::string> told;
    for (const Channel& one : plan.stop) REQUIRE(told.insert(one.id).second);
    std::map<std::string, int> living;
    for (const auto& one : plan.open) {
      REQUIRE(wanted_ids.count(one.calendar_id) == 1);
      ++living[one.calendar_id];
      for (const Channel& old : one.replaces) REQUIRE(told.insert(old.id).second);
    }
    for (const std::string& id : gone) REQUIRE(told.count(id) == 0);
    for (const Channel& one : channels) {
      if (one.state == ChannelState::live && !gone.count(one.id) && !told.count(one.id)) {
        REQUIRE(wanted_ids.count(one.calendar_id) == 1);
        ++living[one.calendar_id];
      }
    }
    for (const WatchedCalendar& calendar : wanted) REQUIRE(living[calendar.id] <= 1);
    for (const WatchedCalendar& calendar : wanted) {
      if (calendar.may_open) REQUIRE(living[calendar.id] == 1);
    }
  }
}
