// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

TEST_CASE("every named query is valid against the migrated schema") {
  TestDatabase database;
  const auto session = database.session();
  for (const sql::Query* query : sql::all()) {
    INFO(query->name);
    // LISTEN and its like cannot be prepared, but can be run.
    const std::string text(query->text);
    const bool utility = text.starts_with("LISTEN");
    CHECK_NOTHROW(
        database.run(session->execute(utility ? text : "PREPARE checked AS " + text + "; DEALLOCATE checked")));
  }
}
