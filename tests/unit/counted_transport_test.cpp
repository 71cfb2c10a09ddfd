// SPDX-License-Identifier: Apache-2.0
#include "common/providers/counted_transport.hpp"

#include <catch2/catch.hpp>

#include "common/providers/registry.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

using namespace calsync;
using Catch::Matchers::Contains;

TEST_CASE("an adapter's requests are counted under its provider's name, operation and answer") {
  testing::FakeTransport world;
  testing::VirtualClock clock;
  Metrics metrics;
  providers::RegistrySettings settings;
  settings.google.emplace();
  const providers::Registry registry(settings, world, clock, metrics);
  const providers::Adapter& google = *registry.find("google");
  const Deadline soon(clock, std::chrono::seconds(10));

  world.reply(429, "{}").reply(503, "").reply(fail(Failure::network, "refused")).reply(404, "{}");
  testing::run_task(google.authorizer->refresh(Secret("r"), soon));
  testing::run_task(google.reader->list_calendars({Secret("t"), "a", soon}, "", ""));
  testing::run_task(google.reader->list_events({Secret("t"), "a", soon}, "c", "", ""));
  testing::run_task(registry.find("ics")->reader->list_events({Secret("https://h/f"), "", soon}, "feed", "", ""));

  const std::string text = metrics_text(metrics.own());
  const std::string name = "calendar_provider_requests_total";
  CHECK_THAT(text, Contains(name + R"({operation="refresh",provider="google",status_class="429"} 1)"));
  CHECK_THAT(text, Contains(name + R"({operation="list_calendars",provider="google",status_class="5xx"} 1)"));
  CHECK_THAT(text, Contains(name + R"({operation="list_events",provider="google",status_class="error"} 1)"));
  CHECK_THAT(text, Contains(name + R"({operation="feed",provider="ics",status_class="4xx"} 1)"));
}
