// SPDX-License-Identifier: Apache-2.0
#include "common/base/json.hpp"
#include "common/providers/google/google_adapter.hpp"
#include "tests/contract/event_reader_contract/history.hpp"

namespace calsync::contract {
namespace {

constexpr const char* email = "ada@example.com";

class GoogleAuthor final : public Author {
 public:
  explicit GoogleAuthor(World& world) : Author(world) {
    world.call("POST", "/control/accounts", account());
    token_ = json::text_at(json::parse(world.call("POST", "/control/tokens", account())).value(), "access_token");
  }

  void put(const std::string& key, const Draft& draft) override {
    drafts_[key] = draft;
    send("POST", "/control/events", key, event_of(draft, draft.date, key));
  }
  void remove(const std::string& key) override { send("DELETE", "/control/events", key, ""); }
  void move(const std::string& key, const std::string& date, const Draft& to) override {
    send("PATCH", "/control/events", key, event_of(to, to.date, ""), utc_slot(drafts_.at(key), date));
  }
  void cancel(const std::string& key, const std::string& date) override {
    send("POST", "/control/events/cancel", key, "", utc_slot(drafts_.at(key), date));
  }
  void expire() override { world_.call("POST", "/control/tokens/expire-sync", "{}"); }

  providers::Adapter adapter() override {
    google::Options options;
    options.endpoints.api = std::string(origin) + "/calendar/v3";
    return google::make_google_adapter(options, world_.transport(), world_.clock());
  }
  providers::Session session() override {
    return {Secret(token_), "sub", Deadline(world_.clock(), std::chrono::seconds(30))};
  }
  std::string calendar() override { return email; }

 private:
  static std::string account() { return json::Writer().begin_object().put("email", email).end_object().text(); }
  static void put_time(json::Writer& writer, const Draft& draft, const char* name, const std::string& wall) {
    writer.key(name).begin_object();
    if (draft.all_day()) {
      writer.put("date", wall.substr(0, 10));
    } else {
      writer.put("dateTime", wall).put("timeZone", draft.zone);
    }
    writer.end_object();
  }
  static std::string event_of(const Draft& draft, const std::string& date, const std::string& id) {
    json::Writer writer;
    writer.begin_object();
    if (!id.empty()) writer.put("id", id);
    writer.put("summary", draft.title).put("description", draft.description);
    writer.put("transparency", draft.busy ? "opaque" : "transparent");
    put_time(writer, draft, "start", wall_start(draft, date));
    put_time(writer, draft, "end", wall_end(draft, date));
    if (!draft.rule.empty()) writer.key("recurrence").begin_array().value("RRULE:" + draft.rule).end_array();
    writer.end_object();
    return writer.text();
  }
  void send(const char* method, const char* path, const std::string& key, const std::string& event,
            const std::string& slot = "") {
    json::Writer writer;
    writer.begin_object().put("email", email).put("calendar_id", email).put("event_id", key);
    if (!slot.empty()) writer.put("original_start", slot);
    if (!event.empty()) writer.put_raw("event", event);
    writer.end_object();
    world_.call(method, path, writer.text());
  }

  std::string token_;
  std::map<std::string, Draft> drafts_;
};

}  // namespace

std::unique_ptr<Author> make_google_author(World& world) { return std::make_unique<GoogleAuthor>(world); }

}  // namespace calsync::contract
