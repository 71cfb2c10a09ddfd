// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/readiness.hpp"

#include "common/base/json.hpp"
#include "common/db/migrate.hpp"

namespace calsync::api {
namespace {

/// Anybody may read them: they name no key, no host and no role.
struct Check {
  std::string name;
  std::string problem{};  ///< "" = it is well
};

std::string schema_problem(const db::Rows& rows) {
  return rows.number(0, "version") < db::required_schema_version()
             ? "the database schema is older than this server; run calsync-api migrate"
             : "";
}

std::string keys_problem(const KeyRing& ring, const db::Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    if (!ring.has(rows.text(row, "key_id")))
      return "a stored credential was sealed with a key that CALENDAR_TOKEN_KEYS lacks; give the key back";
  }
  return "";
}

/// Nothing can be said of what the database holds while it is away.
Task<std::vector<Check>> database_checks(const Services& services) {
  std::vector<Check> checks{{"database"}, {"schema"}, {"keys"}};
  try {
    const db::Rows schema = co_await services.pool.query(sql::status_schema, {});
    checks[1].problem = schema_problem(schema);
    const db::Rows keys = co_await services.pool.query(sql::stored_key_ids, {});
    checks[2].problem = keys_problem(services.keys, keys);
    co_return checks;
  } catch (const db::DatabaseError& error) {
    const bool answers = !error.sqlstate().empty() && !error.sqlstate().starts_with("57");
    checks[0].problem =
        answers ? "the database refuses what this server has to read" : "the database cannot be reached";
  }
  checks.resize(1);
  co_return checks;
}

}  // namespace

Task<Response> show_readiness(const Services& services, Request) {
  std::vector<Check> checks{{"draining", services.draining ? "the server is stopping" : ""}};
  for (Check& check : co_await database_checks(services)) checks.push_back(std::move(check));
  std::string problem;
  json::Writer writer;
  writer.begin_object().key("checks").begin_array();
  for (const Check& check : checks) {
    writer.begin_object().put("name", check.name).put("ok", check.problem.empty());
    check.problem.empty() ? writer.put_null("problem") : writer.put("problem", check.problem);
    writer.end_object();
    if (problem.empty()) problem = check.problem;
  }
  writer.end_array();
  if (problem.empty()) {
    writer.put("status", "ready").end_object();
    co_return json_response(200, writer.text());
  }
  writer.put("error", problem).put("code", "not_ready").end_object();
  co_return json_response(503, writer.text());
}

}  // namespace calsync::api
