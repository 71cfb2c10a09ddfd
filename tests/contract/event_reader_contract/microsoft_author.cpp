// SPDX-License-Identifier: Apache-2.0
#include "common/base/json.hpp"
#include "common/calendar/timezone.hpp"
#include "common/providers/microsoft/microsoft_adapter.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"
#include "tests/contract/event_reader_contract/history.hpp"

namespace calsync::contract {
namespace {

constexpr const char* email = "ada@contoso.example";
/// The emulator's links begin with http, and the adapter follows none to another origin.
constexpr const char* api = "http://provider.sim/graph/v1.0";

class MicrosoftAuthor final : public Author {
 public:
  explicit MicrosoftAuthor(World& world) : Author(world) {
    const json::Document made = post("/control/microsoft/accounts", by_email());
    calendar_ = json::text_at((*json::array_at(made, "calendars"))[0], "id");
    token_ = json::text_at(post("/control/microsoft/tokens", by_email()), "access_token");
  }

  void put(const std::string& key, const Draft& draft) override {
    drafts_[key] = draft;
    if (const auto known = ids_.find(key); known != ids_.end()) {
      edit(known->second, draft, draft.date, "");
      return;
    }
    json::Writer writer;
    writer.begin_object().put("email", email).put_raw("event", event_of(draft, draft.date));
    ids_[key] = json::text_at(post("/control/microsoft/events", writer), "immutable_id");
  }
  void remove(const std::string& key) override {
    json::Writer writer;
    writer.begin_object().put("email", email).put("event_id", ids_.at(key)).end_object();
    world_.call("DELETE", "/control/microsoft/events", writer.text());
    ids_.erase(key);
  }
  void move(const std::string& key, const std::string& date, const Draft& to) override {
    edit(ids_.at(key), to, to.date, date);
  }
  void cancel(const std::string& key, const std::string& date) override {
    json::Writer writer;
    writer.begin_object().put("email", email).put("event_id", ids_.at(key)).put("day", date);
    post("/control/microsoft/events/cancel", writer);
  }
  void expire() override { post("/control/microsoft/tokens/expire-delta", by_email()); }

  providers::Adapter adapter() override {
    microsoft::Options options;
    options.endpoints.api = api;
    return microsoft::make_microsoft_adapter(options, world_.transport(), world_.clock());
  }
  providers::Session session() override {
    return {Secret(token_), "oid@tenant", Deadline(world_.clock(), std::chrono::seconds(30))};
  }
  std::string calendar() override { return calendar_; }

 private:
  static std::string by_email() { return json::Writer().begin_object().put("email", email).end_object().text(); }
  static std::string recurrence_of(const Draft& draft) {
    calendar::EventTime start;
    if (draft.all_day()) {
      start.date = parse_date(draft.date);
    } else {
      const Time wall = parse_rfc3339(wall_start(draft, draft.date) + "Z").value();
      start.instant = calendar::instant_of(wall, draft.zone);
      start.time_zone = draft.zone;
    }
    return microsoft::recurrence_json(microsoft::recurrence_of(draft.rule, start).value());
  }
  static std::string event_of(const Draft& draft, const std::string& date, bool occurrence = false) {
    json::Writer writer;
    writer.begin_object().put("subject", draft.title).put("isAllDay", draft.all_day());
    writer.put("showAs", draft.busy ? "busy" : "free");
    writer.key("body").begin_object().put("contentType", "text").put("content", draft.description).end_object();
    const std::string zone = draft.all_day() ? "UTC" : draft.zone;
    writer.key("start").begin_object().put("dateTime", wall_start(draft, date)).put("timeZone", zone).end_object();
    writer.key("end").begin_object().put("dateTime", wall_end(draft, date)).put("timeZone", zone).end_object();
    if (!draft.rule.empty() && !occurrence) writer.put_raw("recurrence", recurrence_of(draft));
    writer.end_object();
    return writer.text();
  }
  void edit(const std::string& id, const Draft& draft, const std::string& date, const std::string& day) {
    json::Writer writer;
    writer.begin_object().put("email", email).put("event_id", id);
    if (!day.empty()) writer.put("day", day);
    writer.put_raw("event", event_of(draft, date, !day.empty())).end_object();
    world_.call("PATCH", "/control/microsoft/events", writer.text());
  }
  json::Document post(const char* path, json::Writer& writer) { return post(path, writer.end_object().text()); }
  json::Document post(const char* path, const std::string& body) {
    return json::parse(world_.call("POST", path, body)).value();
  }

  std::string calendar_;
  std::string token_;
  std::map<std::string, std::string> ids_;
  std::map<std::string, Draft> drafts_;
};

}  // namespace

std::unique_ptr<Author> make_microsoft_author(World& world) { return std::make_unique<MicrosoftAuthor>(world); }

}  // namespace calsync::contract
