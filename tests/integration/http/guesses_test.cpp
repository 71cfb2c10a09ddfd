// SPDX-License-Identifier: Apache-2.0
#include "api-server/guesses.hpp"

#include <catch2/catch.hpp>

namespace calsync::testing {
namespace {

using api::Guesses;

struct HandClock : Clock {
  Duration at{};
  Time now() const override { return Time(at); }
  Duration monotonic() const override { return at; }
};

struct Door {
  HandClock clock;
  Guesses guesses{clock};
  void guess(const std::string& address, int times = Guesses::allowed) {
    for (int count = 0; count < times; ++count) guesses.count(address);
  }
};

}  // namespace

TEST_CASE("an address may guess so often and then once a pause") {
  Door door;
  door.guess("192.0.2.1", Guesses::allowed - 1);
  CHECK_FALSE(door.guesses.exhausted("192.0.2.1"));
  door.guess("192.0.2.1", 1);
  CHECK(door.guesses.exhausted("192.0.2.1"));
  CHECK_FALSE(door.guesses.exhausted("192.0.2.2"));
  door.clock.at += Guesses::pause;
  CHECK_FALSE(door.guesses.exhausted("192.0.2.1"));
  door.guess("192.0.2.1", 1);
  CHECK(door.guesses.exhausted("192.0.2.1"));
  door.clock.at += Guesses::allowed * Guesses::pause;
  door.guess("192.0.2.1", Guesses::allowed - 1);
  CHECK_FALSE(door.guesses.exhausted("192.0.2.1"));
}

TEST_CASE("all addresses of one IPv6 network are one party") {
  Door door;
  door.guess("2001:db8:0:1::5");
  CHECK(door.guesses.exhausted("2001:db8:0:1:ffff::1"));
  CHECK_FALSE(door.guesses.exhausted("2001:db8:0:2::5"));
  door.guess("::ffff:192.0.2.1");
  CHECK_FALSE(door.guesses.exhausted("::ffff:192.0.2.2"));
}

TEST_CASE("strangers in any number do not make a guilty address forgotten") {
  Door door;
  door.guess("192.0.2.1");
  for (int other = 0; other < static_cast<int>(Guesses::most_addresses) + 100; ++other)
    door.guess("10." + std::to_string(other / 65536) + "." + std::to_string(other / 256 % 256) + "." +
                   std::to_string(other % 256),
               1);
  CHECK(door.guesses.exhausted("192.0.2.1"));
}

}  // namespace calsync::testing
