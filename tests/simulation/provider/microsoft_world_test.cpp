// SPDX-License-Identifier: Apache-2.0
// The Microsoft half in virtual time: the same seed gives the same bytes, a mirror kept by delta rounds as the
// documentation says is right, and the validation of a subscription needs no thread.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/test_world.hpp"

namespace calsync::simulation::testing {
namespace {

using emulator::Json;
using emulator::member;
using emulator::string_member;

constexpr std::string_view window = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-05-01T00:00:00Z";
constexpr std::string_view email = "ada@contoso.example";

Json parsed(const std::string& text) {
  Json json;
  REQUIRE(emulator::parse_json(text, json));
  return json;
}

struct GraphWorld : TestWorld {
  explicit GraphWorld(std::uint64_t seed) : TestWorld(seed) {
    const auto made =
        world.call("POST", "/control/microsoft/accounts",
                   fmt::format(R"({{"email":"{}","name":"Ada","calendars":[{{"name":"Other"}}]}})", email));
    const Json user = parsed(made.body);
    other = string_member((*member(user, "calendars"))[1], "id");
    const auto minted = world.call("POST", "/control/microsoft/tokens", fmt::format(R"({{"email":"{}"}})", email));
    token = string_member(parsed(minted.body), "access_token");
    world.call("POST", "/control/settings", R"({"graph_mailbox_budget":0,"graph_delta_generations":0})");
  }

  emulator::Response graph(std::string_view method, const std::string& path, std::string body = {}) {
    return world.try_call(method, "/graph/v1.0" + path, std::move(body), token);
  }

  std::string token, other;
};

/// Random changes of a calendar by its user.
class Changes {
 public:
  Changes(GraphWorld& world, std::uint64_t seed) : world_(world), random_(seed) {}

  void one() {
    const std::uint64_t dice = random_() % 12;
    if (ids_.empty() || dice < 3) return create("");
    if (dice < 5)
      return create(fmt::format(
          R"(,"recurrence":{{"pattern":{{"type":"daily","interval":{}}},"range":{{"type":"numbered","startDate":"{}","numberOfOccurrences":9}}}})",
          1 + random_() % 5, day()));
    const std::string id = ids_[random_() % ids_.size()];
    if (dice == 5) return send("DELETE", "/me/events/" + id);
    if (dice == 6) return send("PATCH", "/me/events/" + id, times(drawn_day()));
    if (dice == 7)
      return static_cast<void>(world_.world.try_call(
          "POST", "/control/microsoft/events/move",
          fmt::format(R"({{"email":"{}","event_id":"{}","destination":"{}"}})", email, id, world_.other)));
    if (dice < 10) return send("PATCH", "/me/events/" + id, fmt::format(R"({{"subject":"S{}"}})", random_() % 1000));
    const Json found = parsed(world_.graph("GET", "/me/events/" + id + "/instances?" + std::string(window)).body);
    const emulator::JsonValue* rows = member(found, "value");
    if (!rows || rows->Empty()) return;
    const std::string occurrence(string_member((*rows)[static_cast<unsigned>(random_() % rows->Size())], "id"));
    if (dice == 10) return send("DELETE", "/me/events/" + occurrence);
    send("PATCH", "/me/events/" + occurrence, fmt::format(R"({{"subject":"E{}"}})", random_() % 1000));
  }

 private:
  std::string day() {
    drawn_day();
    return day_;
  }
  std::string drawn_day() {
    day_ = fmt::format("2026-{:02}-{:02}", 2 + random_() % 4, 1 + random_() % 28);
    return day_;
  }
  static std::string times(const std::string& day) {
    return fmt::format(
        R"({{"start":{{"dateTime":"{0}T09:00:00","timeZone":"Romance Standard Time"}},"end":{{"dateTime":"{0}T10:00:00","timeZone":"Romance Standard Time"}}}})",
        day);
  }
  void create(const std::string& more) {
    if (more.empty()) drawn_day();
    std::string body = times(day_);
    body.pop_back();
    const auto answer = world_.graph("POST", "/me/events", body + R"(,"subject":"New")" + more + "}");
    REQUIRE(answer.status == 201);
    ids_.emplace_back(string_member(parsed(answer.body), "id"));
  }
  void send(std::string_view method, const std::string& path, std::string body = {}) {
    CHECK(world_.graph(method, path, std::move(body)).status < 500);
  }

  GraphWorld& world_;
  std::mt19937_64 random_;
  std::vector<std::string> ids_;
  std::string day_ = "2026-03-02";
};

/// What a client keeps of a window: rows by id, and which series they are of.
class DeltaMirror {
 public:
  struct Row {
    std::string series, seen;
    bool operator==(const Row&) const = default;
  };
  using Rows = std::map<std::string, Row, std::less<>>;

  explicit DeltaMirror(GraphWorld& world) : world_(world) {}

  void pull() {
    std::string path = link_.empty() ? "/me/calendarView/delta?" + std::string(window) : link_;
    std::set<std::string> touched;
    for (int pages = 0; !path.empty(); ++pages) {
      REQUIRE(pages < 100);
      const auto answer = world_.graph("GET", path);
      REQUIRE(answer.status == 200);
      const Json page = parsed(answer.body);
      for (const auto& item : member(page, "value")->GetArray()) take(item, touched);
      path = target(string_member(page, "@odata.nextLink"));
      if (path.empty()) link_ = target(string_member(page, "@odata.deltaLink"));
    }
    // Removed occurrences are not announced: each series is read anew.
    for (const std::string& series : touched) replace(series);
  }

  Rows truth() const {
    const Json view = parsed(world_.graph("GET", "/me/calendarView?%24top=1000&" + std::string(window)).body);
    Rows rows;
    for (const auto& item : member(view, "value")->GetArray()) rows.emplace(string_member(item, "id"), row_of(item));
    return rows;
  }
  const Rows& rows() const { return rows_; }

 private:
  static std::string target(std::string_view link) {
    const std::size_t at = link.find("/graph/v1.0");
    return at == link.npos ? std::string() : std::string(link.substr(at + 11));
  }
  static Row row_of(const emulator::JsonValue& item) {
    return {std::string(string_member(item, "seriesMasterId")),
            fmt::format("{} {} {}", string_member(item, "@odata.etag"), string_member(item, "subject"),
                        string_member(*member(item, "start"), "dateTime"))};
  }
  void take(const emulator::JsonValue& item, std::set<std::string>& touched) {
    const std::string id(string_member(item, "id"));
    if (member(item, "@removed")) {
      rows_.erase(id);
      std::erase_if(rows_, [&](const auto& row) { return row.second.series == id; });
      touched.erase(id);
    } else if (string_member(item, "type") == "seriesMaster") {
      touched.insert(id);
      rows_.erase(id);  // a single event that became a series
    } else if (const std::string_view series = string_member(item, "seriesMasterId"); !series.empty()) {
      touched.emplace(series);
    } else {
      std::erase_if(rows_, [&](const auto& row) { return row.second.series == id; });
      rows_.insert_or_assign(id, row_of(item));
    }
  }
  void replace(const std::string& series) {
    std::erase_if(rows_, [&](const auto& row) { return row.second.series == series; });
    const auto answer = world_.graph("GET", "/me/events/" + series + "/instances?%24top=1000&" + std::string(window));
    if (answer.status == 404) return;
    REQUIRE(answer.status == 200);
    for (const auto& item : member(parsed(answer.body), "value")->GetArray())
      rows_.insert_or_assign(std::string(string_member(item, "id")), row_of(item));
  }

  GraphWorld& world_;
  Rows rows_;
  std::string link_;
};

std::string history(std::uint64_t seed) {
  GraphWorld world(seed);
  Changes changes(world, seed);
  for (int i = 0; i < 40; ++i) changes.one();
  return world.token + world.graph("GET", "/me/calendarView/delta?" + std::string(window)).body +
         world.world.call("GET", fmt::format("/control/microsoft/state?email={}", email)).body;
}

TEST_CASE("the same seed gives the same mailbox, byte for byte", "[sim][microsoft]") {
  CHECK(history(7) == history(7));
  CHECK(history(7) != history(8));
}

TEST_CASE("a mirror that follows delta rounds is the calendar view", "[sim][microsoft]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    GraphWorld world(seed);
    Changes changes(world, seed);
    DeltaMirror mirror(world);
    for (int turn = 0; turn < 12; ++turn) {
      for (std::uint64_t i = 0; i < 1 + seed % 7; ++i) changes.one();
      mirror.pull();
      INFO("seed " << seed << ", turn " << turn);
      const auto truth = mirror.truth();
      REQUIRE(mirror.rows().size() == truth.size());
      REQUIRE(mirror.rows() == truth);
    }
  }
}

std::string wished_subscription(const GraphWorld& world) {
  const std::string end = emulator::rfc3339_ms(
      std::chrono::floor<std::chrono::milliseconds>(world.world.now() + 24h).time_since_epoch().count());
  return fmt::format(R"({{"changeType":"updated","notificationUrl":"https://calsync.sim/hook","resource":"me/events",)"
                     R"("expirationDateTime":"{}"}})",
                     end);
}

TEST_CASE("a validation is a message like others, answered while the call is open", "[sim][microsoft]") {
  for (const bool right : {true, false}) {
    GraphWorld world(1);
    auto answer = world.graph("POST", "/subscriptions", wished_subscription(world));
    REQUIRE(answer.wait);
    CHECK_FALSE(answer.wait->ready());
    auto message = world.world.provider.push.take();
    REQUIRE(message);
    emulator::Request asked;
    asked.set_target(message->address);
    const std::string token(asked.query.get("validationToken"));
    CHECK(token.starts_with("Validation: "));
    world.world.provider.push.finish(*std::move(message), {200, "text/plain", right ? token : "other", {}});
    CHECK(answer.wait->ready());
    answer.wait->finish(answer, false);
    CHECK(answer.status == (right ? 201u : 400u));
  }
}

}  // namespace
}  // namespace calsync::simulation::testing
