// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/settler.hpp"

#include <catch2/catch.hpp>

#include "tests/support/run_task.hpp"
#include "tests/worker/memory_queue.hpp"

using namespace calsync;
using namespace calsync::testing;
using namespace std::chrono_literals;

namespace {

Task<void> let_go(AsyncClock& clock, MemoryQueue& queue, worker::Settler& settler) {
  co_await clock.sleep(5s);
  queue.held.clear();
  co_await clock.sleep(1s);
  settler.stop();
}

}  // namespace

TEST_CASE("what somebody has locked is settled when he lets go, and the rest at once") {
  asio::io_context context;
  VirtualClock clock;
  std::vector<std::string> lines;
  const Log log(clock, Level::debug, [&](std::string_view line) { lines.emplace_back(line); });
  MemoryQueue queue(clock);
  std::vector<ConnectionId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(queue.add("owner", 0s));
  const auto claims = run_task(context, queue.claim(ids, {}, 300), &clock);
  REQUIRE(claims.size() == 4);

  worker::Settler settler(context.get_executor(), clock, log, queue, 60s);
  for (std::size_t i = 0; i < 2; ++i) {
    sync::Settlement one;
    one.connection = claims[i].connection;
    one.lease_token = claims[i].lease_token;
    one.outcome = sync::completed();
    settler.settle(std::move(one));
  }
  for (std::size_t i = 2; i < 4; ++i) settler.release({claims[i].connection, claims[i].lease_token, {}});
  queue.held = {claims[0].connection, claims[2].connection};
  asio::co_spawn(context, let_go(clock, queue, settler), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  run_task(context, settler.serve(), &clock);

  for (const auto& [id, row] : queue.rows()) CHECK_FALSE(row.leased);
  CHECK(queue.rows().at(claims[1].connection).synced < 1s);
  CHECK(queue.rows().at(claims[0].connection).synced >= 5s);
  CHECK(queue.rows().at(claims[0].connection).synced < 6s);
  CHECK(lines.empty());
}
