// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "common/providers/ics/ics_adapter.hpp"
#include "tests/contract/event_reader_contract/history.hpp"

namespace calsync::contract {
namespace {

/// Text of a feed that names zones and does not define them.
class FeedAuthor final : public Author {
 public:
  explicit FeedAuthor(World& world) : Author(world) { publish(); }

  void put(const std::string& key, const Draft& draft) override {
    events_[key].draft = draft;
    publish();
  }
  void remove(const std::string& key) override {
    events_.erase(key);
    publish();
  }
  void move(const std::string& key, const std::string& date, const Draft& to) override {
    events_.at(key).moved[date] = to;
    publish();
  }
  void cancel(const std::string& key, const std::string& date) override {
    events_.at(key).moved.erase(date);
    events_.at(key).cancelled.insert(date);
    publish();
  }
  /// A feed has no cursor that could end; one that forgets its validators is the nearest.
  void expire() override { publish(); }

  providers::Adapter adapter() override {
    return ics::make_ics_adapter(world_.transport(), {.allow_insecure = true}, world_.clock());
  }
  providers::Session session() override {
    return {Secret(std::string(origin) + "/feeds/ada.ics"), "", Deadline(world_.clock(), std::chrono::seconds(30))};
  }
  std::string calendar() override { return "feed"; }

 private:
  struct Written {
    Draft draft{};
    std::map<std::string, Draft> moved{};
    std::set<std::string> cancelled{};
  };

  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == ',' || c == ';' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }
  static std::string time(const Draft& draft, const std::string& name, std::string wall) {
    std::erase_if(wall, [](char c) { return c == '-' || c == ':'; });
    return draft.all_day() ? name + ";VALUE=DATE:" + wall.substr(0, 8) : name + ";TZID=" + draft.zone + ":" + wall;
  }
  static std::string component(const std::string& key, const Draft& draft, const std::string& more) {
    std::string text = "BEGIN:VEVENT\r\nUID:" + key + "@feed.example\r\nDTSTAMP:20260301T000000Z\r\n";
    text += "SUMMARY:" + escaped(draft.title) + "\r\nDESCRIPTION:" + escaped(draft.description) + "\r\n";
    text += std::string("TRANSP:") + (draft.busy ? "OPAQUE" : "TRANSPARENT") + "\r\n";
    text += time(draft, "DTSTART", wall_start(draft, draft.date)) + "\r\n";
    text += time(draft, "DTEND", wall_end(draft, draft.date)) + "\r\n";
    return text + more + "END:VEVENT\r\n";
  }

  void publish() {
    std::string text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//contract//EN\r\n";
    for (const auto& [key, one] : events_) {
      std::string more = one.draft.rule.empty() ? "" : "RRULE:" + one.draft.rule + "\r\n";
      for (const std::string& date : one.cancelled)
        more += time(one.draft, "EXDATE", wall_start(one.draft, date)) + "\r\n";
      text += component(key, one.draft, more);
      for (const auto& [date, to] : one.moved)
        text += component(key, to, time(one.draft, "RECURRENCE-ID", wall_start(one.draft, date)) + "\r\n");
    }
    world_.call("PUT", "/control/feeds/ada", text + "END:VCALENDAR\r\n");
  }

  std::map<std::string, Written> events_;
};

}  // namespace

std::unique_ptr<Author> make_feed_author(World& world) { return std::make_unique<FeedAuthor>(world); }

}  // namespace calsync::contract
