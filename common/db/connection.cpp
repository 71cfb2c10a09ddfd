// SPDX-License-Identifier: Apache-2.0
#include "common/db/connection.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/async/deadline.hpp"

namespace calsync::db {
namespace {

using namespace asio::experimental::awaitable_operators;

std::string trimmed(const char* text) {
  std::string out = text ? text : "";
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  for (char& c : out) {
    if (c == '\n') c = ' ';
  }
  return out;
}

/// Without the value that a data exception (class 22) quotes.
DatabaseError refused(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string message = trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  if (state && std::string_view(state).starts_with("22")) message.resize(std::min(message.find(": "), message.size()));
  return {std::move(message), state ? state : ""};
}

/// Whether parts of the password can have become a host, a port or a name, as they do when it is not percent-encoded:
/// libpq repeats those in its messages.
bool may_quote_password(const std::string& uri) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(uri.c_str(), nullptr),
                                                                             &PQconninfoFree);
  if (!options) return true;
  for (const PQconninfoOption* one = options.get(); one->keyword; ++one) {
    const std::string_view name(one->keyword);
    const std::string_view value(one->val ? one->val : "");
    if (name == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos) return true;
    if ((name == "host" || name == "dbname") && value.find('@') != std::string_view::npos) return true;
  }
  return false;
}

/// A pooler may drop what the session was opened with (`options`), and times would come in another form or zone.
void require_settings(PGconn* connection) {
  const auto shown = [connection](const char* name) {
    const char* value = PQparameterStatus(connection, name);
    return std::string_view(value ? value : "");
  };
  const bool is_utc = shown("TimeZone") == "UTC" || shown("TimeZone") == "Etc/UTC";
  if (is_utc && shown("DateStyle").starts_with("ISO")) return;
  throw DatabaseError(
      "the session has not got the settings that it was opened with (timezone UTC, datestyle ISO); if a pooler drops "
      "them, give them to the role: docs/operations.md, \"PgBouncer\"",
      "");
}

bool failed(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
}

constexpr const char* session_options =
    "-c timezone=UTC -c datestyle=ISO -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=15000";

}  // namespace

Connection::Connection(asio::any_io_executor executor, PGconn* connection)
    : connection_(connection), socket_(std::move(executor)) {}

Connection::~Connection() {
  // The descriptor is a duplicate: closing it first keeps Asio from watching a number that libpq gives back.
  boost::system::error_code ignored;
  socket_.close(ignored);
  PQfinish(connection_);
}

Task<std::unique_ptr<Connection>> Connection::open(asio::any_io_executor executor, AsyncClock& clock, std::string uri,
                                                   Duration timeout) {
  // The first keyword set is expanded as a URI; later ones override it. UTC keeps timestamps parseable in one form.
  // Keepalives and tcp_user_timeout turn a vanished server into an error instead of a hang; the server's own, among the
  // options, let go of the rows that a vanished client had locked: by default that takes more than two hours.
  const char* const keywords[] = {"dbname",
                                  "application_name",
                                  "options",
                                  "tcp_user_timeout",
                                  "client_encoding",
                                  "keepalives_idle",
                                  "keepalives_interval",
                                  "keepalives_count",
                                  nullptr};
  const char* const values[] = {uri.c_str(), "calsync", session_options, "15000", "UTF8", "10", "5", "3", nullptr};
  PGconn* raw = PQconnectStartParams(keywords, values, 1);
  if (!raw) throw DatabaseError("out of memory", "");
  std::unique_ptr<Connection> connection(new Connection(std::move(executor), raw));
  const bool secretive = may_quote_password(uri);
  DeadlineOutcome race{};
  try {
    if (PQstatus(raw) == CONNECTION_BAD) throw DatabaseError(trimmed(PQerrorMessage(raw)), "");
    Task<void> connecting = connection->connect();
    race = co_await race_deadline(clock, Deadline(clock, timeout), std::move(connecting));
  } catch (const DatabaseError&) {
    if (!secretive) throw;
    throw DatabaseError(
        "no connection to the database: its URL cannot be understood; special characters of the password must be "
        "percent-encoded",
        "");
  }
  if (race != DeadlineOutcome::finished)
    throw DatabaseError("the database did not answer the connection attempt in time", "");
  co_return connection;
}

bool Connection::alive() const {
  if (!usable()) return false;
  pollfd waiting{PQsocket(connection_), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

void Connection::watch_socket() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  socket_.assign(::dup(PQsocket(connection_)));
}

Task<void> Connection::connect() {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  for (;;) {
    // libpq may replace its socket between polls (several addresses, SSL then plain).
    watch_socket();
    if (state == PGRES_POLLING_READING) {
      co_await wait_readable();
    } else {
      co_await wait_writable();
    }
    state = PQconnectPoll(connection_);
    if (state == PGRES_POLLING_FAILED) throw DatabaseError(trimmed(PQerrorMessage(connection_)), "");
    if (state == PGRES_POLLING_OK) break;
  }
  watch_socket();
  require_settings(connection_);
  PQsetnonblocking(connection_, 1);
  // Notices go nowhere: stdout holds log lines only, and libpq's default is to write to stderr.
  PQsetNoticeReceiver(connection_, [](void*, const PGresult*) {}, nullptr);
}

Task<void> Connection::wait_readable() {
  co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

Task<void> Connection::wait_writable() {
  co_await socket_.async_wait(asio::posix::stream_descriptor::wait_write, asio::use_awaitable);
}

void Connection::throw_broken() {
  broken_ = true;
  std::string reason = trimmed(PQerrorMessage(connection_));
  throw DatabaseError(reason.empty() ? "the connection to the database broke" : std::move(reason), "");
}

void Connection::require(int sent) {
  if (sent != 1) throw_broken();
}

Task<void> Connection::flush() {
  for (;;) {
    const int left = PQflush(connection_);
    if (left < 0) throw_broken();
    if (left == 0) co_return;
    // The server may be waiting for us to read before it reads on, so both directions are watched.
    auto readable = wait_readable();
    auto writable = wait_writable();
    const auto ready = co_await (std::move(readable) || std::move(writable));
    if (ready.index() == 0 && PQconsumeInput(connection_) != 1) throw_broken();
  }
}

Task<PGresult*> Connection::next_result() {
  while (PQisBusy(connection_) == 1) {
    co_await wait_readable();
    if (PQconsumeInput(connection_) != 1) throw_broken();
  }
  co_return PQgetResult(connection_);
}

void Connection::send(const sql::Query& query, const Values& values) {
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const Value& value : values) texts.push_back(value ? value->c_str() : nullptr);
  require(PQsendQueryPrepared(connection_, std::string(query.name).c_str(), static_cast<int>(texts.size()),
                              texts.data(), nullptr, nullptr, 0));
}

Task<void> Connection::prepare(const sql::Query& query) {
  if (prepared_.contains(query.name)) co_return;
  require(PQsendPrepare(connection_, std::string(query.name).c_str(), std::string(query.text).c_str(), 0, nullptr));
  co_await flush();
  std::optional<DatabaseError> error;
  while (PGresult* result = co_await next_result()) {
    const Rows rows(result);
    if (failed(result)) error = refused(result);
  }
  if (error) throw *error;
  prepared_.insert(std::string(query.name));
}

Task<Rows> Connection::query(const sql::Query& query, Values values) {
  // Cancelled or failed half-way, the session's protocol state is unknown: it counts as broken until the end is
  // reached.
  const bool was_broken = std::exchange(broken_, true);
  if (was_broken) throw DatabaseError("the connection to the database broke", "");
  co_await prepare(query);
  send(query, values);
  co_await flush();
  std::optional<Rows> rows;
  std::optional<DatabaseError> error;
  while (PGresult* result = co_await next_result()) {
    Rows got(result);
    if (failed(result)) {
      error = refused(result);
    } else {
      rows.emplace(std::move(got));
    }
  }
  broken_ = PQstatus(connection_) != CONNECTION_OK;
  if (error) throw *error;
  if (!rows) throw_broken();
  co_return std::move(*rows);
}

Task<std::vector<Rows>> Connection::pipeline(std::vector<Statement> statements) {
  if (std::exchange(broken_, true)) throw DatabaseError("the connection to the database broke", "");
  for (const Statement& statement : statements) co_await prepare(*statement.query);
  require(PQenterPipelineMode(connection_));
  std::size_t queued = 0;
  for (const Statement& statement : statements) {
    send(*statement.query, statement.late_values ? statement.late_values() : statement.values);
    // Flushing now and then keeps libpq's output buffer small and the server busy.
    if (++queued % 64 == 0 || statement.late_values) co_await flush();
  }
  require(PQpipelineSync(connection_));
  co_await flush();
  std::vector<Rows> all;
  std::optional<DatabaseError> error;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    while (PGresult* result = co_await next_result()) {
      Rows got(result);
      if (!failed(result)) {
        all.push_back(std::move(got));
      } else if (!error) {
        error = refused(result);
      }
    }
  }
  while (PGresult* result = co_await next_result()) {
    const Rows sync(result);
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) break;
  }
  require(PQexitPipelineMode(connection_));
  broken_ = PQstatus(connection_) != CONNECTION_OK;
  if (error) throw *error;
  co_return all;
}

Task<void> Connection::execute(std::string text) {
  if (std::exchange(broken_, true)) throw DatabaseError("the connection to the database broke", "");
  require(PQsendQuery(connection_, text.c_str()));
  co_await flush();
  std::optional<DatabaseError> error;
  while (PGresult* result = co_await next_result()) {
    const Rows rows(result);
    if (failed(result) && !error) error = refused(result);
  }
  broken_ = PQstatus(connection_) != CONNECTION_OK;
  if (error) throw *error;
}

Task<void> Connection::wait_notification() {
  for (;;) {
    if (PQconsumeInput(connection_) != 1) throw_broken();
    bool notified = false;
    while (PGnotify* notification = PQnotifies(connection_)) {
      PQfreemem(notification);
      notified = true;
    }
    if (notified) co_return;
    co_await wait_readable();
  }
}

}  // namespace calsync::db
