// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/store/database.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <stdexcept>

#include "common/base/crypto.hpp"
#include "common/db/migrate.hpp"

namespace calsync::test {
namespace {

std::string server() {
  const char* where = std::getenv("CALSYNC_TEST_DATABASE");
  if (!where)
    throw std::runtime_error("CALSYNC_TEST_DATABASE is not set; start these tests with tests/integration/store/run");
  return where;
}

std::string ask(const std::string& uri, const std::string& text) {
  PGconn* connection = PQconnectdb(uri.c_str());
  PGresult* result = PQexec(connection, text.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const std::string error = PQresultErrorMessage(result);
  std::string value = status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  if (status == PGRES_COMMAND_OK) value = PQcmdTuples(result);
  PQclear(result);
  PQfinish(connection);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(text + ": " + error);
  return value;
}

Task<void> migrate_all(db::Connection& connection) { co_await db::migrate(connection); }

}  // namespace

TestDatabase::TestDatabase() : name_("t" + to_hex(random_.bytes(8))) {
  ask(server() + " dbname=postgres", "CREATE DATABASE " + name_);
  uri_ = server() + " dbname=" + name_;
  const auto migrating = session();
  run(migrate_all(*migrating));
  pool_ = std::make_unique<db::Pool>(io_.get_executor(), clock_, Secret(uri_), 8);
}

TestDatabase::~TestDatabase() {
  pool_.reset();
  ask(server() + " dbname=postgres", "DROP DATABASE " + name_ + " WITH (FORCE)");
}

std::unique_ptr<db::Connection> TestDatabase::session() {
  return run(db::Connection::open(io_.get_executor(), clock_, uri_, std::chrono::seconds(10)));
}

void TestDatabase::run(Task<void> task) {
  std::exception_ptr failure;
  asio::co_spawn(io_, std::move(task), [&](std::exception_ptr thrown) { failure = thrown; });
  io_.restart();
  io_.run();
  if (failure) std::rethrow_exception(failure);
}

std::string TestDatabase::sql(const std::string& text) { return ask(uri_, text); }

std::string TestDatabase::add_owner() {
  return sql("INSERT INTO profiles (email) VALUES ('owner@example.com') RETURNING id");
}

std::string TestDatabase::add_connection(const std::string& owner, const std::string& provider) {
  return sql("INSERT INTO external_calendar_connections (provider_id, provider) VALUES ('" + owner + "', '" + provider +
             "') RETURNING id");
}

}  // namespace calsync::test
