// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/store/postgres_claim_queue.hpp"
#include "common/store/postgres_credential_table.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

TEST_CASE("what is stored now comes with its expiry") {
  TestDatabase database;
  const ConnectionId connection = ConnectionId::trusted(database.add_connection(database.add_owner()));
  store::PostgresClaimQueue queue{database.pool(), WorkerId::trusted(random_uuid(database.random())), "host", "1"};
  store::PostgresCredentialTable table(database.pool());
  CHECK(database.run(table.read(connection)).sealed.empty());
  const auto claims = database.run(queue.claim({connection}, {.providers = {"google"}}, 300));
  const std::int64_t token = claims.at(0).lease_token;
  const Time expiry = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);
  CHECK(database.run(table.replace(connection, token, {{"access_token", "sealed", "k1"}}, expiry)));
  const auto stored = database.run(table.read(connection));
  REQUIRE(stored.sealed.size() == 1);
  CHECK(stored.sealed.front().second == "sealed");
  CHECK(stored.token_expiry == expiry);
  CHECK_FALSE(database.run(table.replace(connection, token - 1, {{"access_token", "late", "k1"}}, expiry)));
  CHECK(database.run(table.read(connection)).sealed.front().second == "sealed");
}
