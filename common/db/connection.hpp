// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/async/clock.hpp"
#include "common/db/database_error.hpp"
#include "common/db/rows.hpp"
#include "sql/queries.hpp"

namespace calsync::db {

/// A statement of a pipeline. Parameters that are costly to put together may come as a function: it is called when
/// their turn has come, so that the server works on the statements before meanwhile.
struct Statement {
  const sql::Query* query;
  Values values{};
  std::function<Values()> late_values{};
};

/// One session over libpq's non-blocking interface, on one executor. Used by one coroutine at a time. After an
/// exception that left it broken, `usable()` is false and it has to be thrown away.
class Connection {
 public:
  /// `uri` is a libpq URI or keyword string. Throws DatabaseError, whose message never holds the password.
  static Task<std::unique_ptr<Connection>> open(asio::any_io_executor executor, AsyncClock& clock, std::string uri,
                                                Duration timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// A named statement, prepared once a session.
  Task<Rows> query(const sql::Query& query, Values values);
  /// Statements sent together in pipeline mode and applied as one implicit transaction (unless inside an explicit one):
  /// the first failure undoes and skips the rest, and is thrown.
  Task<std::vector<Rows>> pipeline(std::vector<Statement> statements);
  /// Unprepared SQL text without parameters; may hold several statements.
  Task<void> execute(std::string text);
  /// Waits until the session has received a notification (LISTEN) or the wait is cancelled.
  Task<void> wait_notification();

  /// False also for an idle session that the server has ended: what it has to say, unasked, is that it goes.
  bool alive() const;
  bool usable() const { return !broken_ && PQstatus(connection_) == CONNECTION_OK; }
  bool in_transaction() const { return PQtransactionStatus(connection_) != PQTRANS_IDLE; }

 private:
  Connection(asio::any_io_executor executor, PGconn* connection);
  Task<void> connect();
  Task<void> wait_readable();
  Task<void> wait_writable();
  Task<void> flush();
  Task<PGresult*> next_result();
  Task<void> prepare(const sql::Query& query);
  void send(const sql::Query& query, const Values& values);
  void require(int sent);
  [[noreturn]] void throw_broken();
  void watch_socket();

  PGconn* connection_;
  asio::posix::stream_descriptor socket_;
  std::set<std::string, std::less<>> prepared_;
  bool broken_ = false;
};

}  // namespace calsync::db
