// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/mirror_writes.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "common/db/migrate.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/store/event_row.hpp"
#include "common/store/postgres_mirror_store.hpp"

namespace calsync::bench {
namespace {

constexpr const char* calendar_id = "main@example.com";
constexpr const char* copy_columns =
    "connection_id, provider_id, provider, external_calendar_id, external_event_id, ical_uid, title, description, "
    "location, "
    "organizer, attendees, start_time, end_time, is_all_day, start_date, end_date, time_zone, status, is_busy, "
    "visibility, "
    "recurrence, recurring_event_id, original_start_time, etag, sequence, raw_payload, sync_status, last_error";

/// A blocking session for everything that is not the store.
class Session {
 public:
  explicit Session(const std::string& where) : connection_(PQconnectdb(where.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  }
  ~Session() { PQfinish(connection_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::string sql(const std::string& text) { return first_value(PQexec(connection_, text.c_str())); }
  void copy(const std::string& lines) {
    first_value(
        PQexec(connection_, fmt::format("COPY external_calendar_events ({}) FROM STDIN", copy_columns).c_str()));
    if (PQputCopyData(connection_, lines.data(), static_cast<int>(lines.size())) != 1 ||
        PQputCopyEnd(connection_, nullptr) != 1)
      throw std::runtime_error(PQerrorMessage(connection_));
    while (PGresult* result = PQgetResult(connection_)) first_value(result);
  }

 private:
  std::string first_value(PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN;
    std::string value = good && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    if (!good) throw std::runtime_error(PQerrorMessage(connection_));
    return value;
  }
  PGconn* connection_;
};

/// About 1 KB of payload, as providers answer an event with a description and three guests.
calendar::Event make_event(std::size_t number, int version) {
  calendar::Event event;
  event.external_event_id = fmt::format("{:08x}q7v5k2m9c1t4b8n3h6d0", number * 2654435761U % 4294967291U);
  event.ical_uid = event.external_event_id + "@google.com";
  event.title = fmt::format("Meeting {} about the plan, version {}", number, version);
  event.description = "Agenda: what was done, what comes next, who needs help. Bring the figures of the last week.";
  event.location = "Room 4, Main Street 12, 10115 Berlin";
  event.organizer = "ada@example.com";
  for (const char* name : {"ada", "grace", "edsger"})
    event.attendees.push_back({std::string(name) + "@example.com", name, "accepted", false, false, false});
  const Time start = Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 5)) + std::chrono::minutes(30 * number);
  event.start = {start, {}, "Europe/Berlin"};
  event.end = {start + std::chrono::minutes(30), {}, "Europe/Berlin"};
  event.time_zone = "Europe/Berlin";
  event.visibility = "default";
  const std::string version_tag = fmt::format("33{:012}{:03}000", number, version);
  event.etag = '"' + version_tag + '"';
  event.sequence = version;
  event.raw_payload = fmt::format(
      R"({{"kind":"calendar#event","etag":"\"{}\"","id":"{}","status":"confirmed","htmlLink":"https://calendar.example.com/event?eid={}","created":"2026-01-01T10:00:00.000Z","updated":"2026-01-02T11:{:02}:00.000Z","summary":"{}","description":"{}","location":"{}","creator":{{"email":"ada@example.com","self":true}},"organizer":{{"email":"ada@example.com","self":true}},"start":{{"dateTime":"2026-01-05T09:00:00+01:00","timeZone":"Europe/Berlin"}},"end":{{"dateTime":"2026-01-05T09:30:00+01:00","timeZone":"Europe/Berlin"}},"iCalUID":"{}","sequence":{},"attendees":[{{"email":"ada@example.com","organizer":true,"self":true,"responseStatus":"accepted"}},{{"email":"grace@example.com","responseStatus":"accepted"}},{{"email":"edsger@example.com","responseStatus":"accepted"}}],"reminders":{{"useDefault":true}},"eventType":"default"}})",
      version_tag, event.external_event_id, event.external_event_id, version % 60, event.title, event.description,
      event.location, event.ical_uid, event.sequence);
  return event;
}

std::string copy_line(const db::Values& values) {
  std::string line;
  for (const db::Value& value : values) {
    if (!line.empty()) line += '\t';
    if (!value) {
      line += "\\N";
      continue;
    }
    for (const char c : *value) {
      if (c == '\\') line += '\\';
      line += c;
    }
  }
  return line + "\n";
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

class Bench {
 public:
  explicit Bench(const WriteOptions& options)
      : options_(options),
        worker_(WorkerId::trusted(random_uuid(random_))),
        pool_(io_.get_executor(), clock_, Secret(options.database), 2),
        mirror_(pool_, worker_) {
    run(migrate());
    plain_ = std::make_unique<Session>(options.database);
    plain_->sql("INSERT INTO profiles (email) VALUES ('bench@example.com')");
  }

  void measure() {
    for (int round = 0; round < options_.rounds; ++round) {
      // Who goes first alternates: both meet an empty table and a fresh checkpoint.
      if (round % 2 == 0) measure_store(round);
      measure_copy(round);
      if (round % 2 == 1) measure_store(round);
    }
  }

 private:
  void run(Task<void> task) {
    std::exception_ptr failure;
    asio::co_spawn(io_, std::move(task), [&failure](std::exception_ptr thrown) { failure = thrown; });
    io_.restart();
    io_.run();
    if (failure) std::rethrow_exception(failure);
  }

  Task<void> migrate() {
    auto session =
        co_await db::Connection::open(io_.get_executor(), clock_, options_.database, std::chrono::seconds(10));
    co_await db::migrate(*session);
  }

  /// A connection under a lease, in a table without rows.
  sync::Claim fresh_claim() {
    plain_->sql("TRUNCATE external_calendar_events; DELETE FROM external_calendar_connections; CHECKPOINT");
    sync::Claim claim;
    claim.owner = OwnerId::trusted(plain_->sql("SELECT id FROM profiles"));
    claim.provider = "google";
    claim.connection = ConnectionId::trusted(plain_->sql(fmt::format(
        "INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_needed, lease_token, "
        "lease_until, "
        "lease_owner) VALUES ('{}', 'google', 'bench', false, 1, now() + interval '1 hour', '{}') RETURNING id",
        claim.owner.str(), worker_.str())));
    claim.lease_token = 1;
    return claim;
  }

  sync::Delta delta(int version) const {
    sync::Delta all;
    for (std::size_t i = 0; i < options_.rows; ++i) all.add(make_event(i, version));
    return all;
  }

  std::vector<sync::RunRows> pages(int version) const {
    std::vector<sync::RunRows> out;
    for (std::size_t i = 0; i < options_.rows; ++i) {
      if (i % options_.page == 0) {
        out.emplace_back();
        out.back().plans.push_back({calendar_id, "Europe/Berlin", {}});
      }
      out.back().plans[0].plan.upserts.push_back({make_event(i, version), sync::SyncStatus::synced, {}});
    }
    return out;
  }

  std::int64_t rows_newer_than(const std::string& transaction) {
    return std::stoll(plain_->sql(
        fmt::format("SELECT count(*) FROM external_calendar_events WHERE age(xmin) < age('{}'::xid)", transaction)));
  }

  template <class Work>
  void measured(const char* what, int round, Work work) {
    const std::string before = plain_->sql("SELECT pg_current_xact_id()::xid");
    const double cpu = cpu_seconds();
    const auto begun = std::chrono::steady_clock::now();
    work();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double used = cpu_seconds() - cpu;
    fmt::print(R"({{"what":"{}","round":{},"rows":{},"seconds":{:.4f},"cpu":{:.4f},"touched":{}}})"
               "\n",
               what, round, options_.rows, seconds, used, rows_newer_than(before));
    std::fflush(stdout);
  }

  void measure_store(int round) {
    const sync::Claim claim = fresh_claim();
    std::vector<sync::RunRows> fresh = pages(1), changed = pages(2);
    sync::Delta same = delta(2);
    measured("new", round, [&] { run(write(claim, fresh)); });
    measured("changed", round, [&] { run(write(claim, changed)); });
    measured("unchanged", round, [&] { run(write_nothing(claim, same)); });
  }

  Task<void> write(const sync::Claim& claim, std::vector<sync::RunRows>& pages) {
    for (sync::RunRows& rows : pages) {
      const bool ours = co_await mirror_.checkpoint(claim, std::move(rows), "{}", 300);
      if (!ours) throw std::runtime_error("the lease is lost");
    }
  }

  Task<void> write_nothing(const sync::Claim& claim, sync::Delta& same) {
    const sync::Mirror known = co_await mirror_.known(claim.connection, calendar_id);
    const sync::Plan plan = sync::reconcile(known, std::move(same), true);
    if (!plan.empty()) throw std::runtime_error("unchanged rows are to be written");
  }

  void measure_copy(int round) {
    const sync::Claim claim = fresh_claim();
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < options_.rows; ++i) {
      if (i % options_.page == 0) texts.emplace_back();
      const sync::MirrorRow row{make_event(i, 1), sync::SyncStatus::synced, {}};
      texts.back() += copy_line(store::event_row(claim, calendar_id, "Europe/Berlin", row));
    }
    measured("copy", round, [&] {
      for (const std::string& text : texts) plain_->copy(text);
    });
  }

  const WriteOptions& options_;
  asio::io_context io_{1};
  SystemClock clock_{};
  OsRandom random_{};
  WorkerId worker_;
  db::Pool pool_;
  store::PostgresMirrorStore mirror_;
  std::unique_ptr<Session> plain_{};
};

}  // namespace

void measure_mirror_writes(const WriteOptions& options) { Bench(options).measure(); }

}  // namespace calsync::bench
