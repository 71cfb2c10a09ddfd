// SPDX-License-Identifier: Apache-2.0
#include "delta_fault.hpp"

#include <algorithm>
#include <array>

#include "graph_event_json.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::array<std::string_view, 11> of_pages{"item_twice",      "page_overlap",      "page_skip",
                                                    "empty_page",      "empty_last_page",   "stub_without_master",
                                                    "unknown_removed", "stub_of_no_series", "exception_first",
                                                    "flapping_etag",   "stale_replica"};
constexpr std::array<std::string_view, 20> of_items{
    "null_etag",   "missing_etag", "number_poison", "huge_number", "lone_surrogate", "nul_escape",     "huge_title",
    "null_fields", "deep_nesting", "missing_start", "missing_end", "missing_id",     "missing_type",   "missing_uid",
    "bad_time",    "unknown_zone", "half_time",     "wrong_types", "skewed_updated", "unpaired_quotes"};

// Replaces, adds or (with an empty text) removes a member of a JSON object.
std::string with_member(const std::string& json, std::string_view name, std::string_view value) {
  Json document;
  if (!parse_json(json, document)) return json;
  std::string out;
  {
    ObjectWriter object(out);
    for (const auto& [key, old] : document.GetObject()) {
      const std::string_view text(key.GetString(), key.GetStringLength());
      if (text != name) object.raw(text, json_text(old));
    }
    if (!value.empty()) object.raw(name, value);
  }
  return out;
}

}  // namespace

bool bends_delta(std::string_view kind) {
  return std::ranges::find(of_pages, kind) != of_pages.end() || std::ranges::find(of_items, kind) != of_items.end();
}

void DeltaFault::before_round(Folder& folder) {
  if (kind_ != "flapping_etag") return;
  const std::vector<Item*> living = folder.living();
  for (std::size_t i = 0; i < living.size() && static_cast<std::int64_t>(i) < count(3); ++i) {
    folder.mailbox.touch(*living[i], false);
    done = true;
  }
}

std::int64_t DeltaFault::changes_missed() {
  if (kind_ != "stale_replica") return 0;
  done = true;
  return count(3);
}

bool DeltaFault::empties() {
  if (kind_ != "empty_page") return false;
  return done = true;
}

bool DeltaFault::ends_apart(bool last) {
  if (kind_ != "empty_last_page" || !last) return false;
  return done = true;
}

bool DeltaFault::halves(std::size_t units) {
  if ((kind_ != "page_overlap" && kind_ != "page_skip") || units < 2) return false;
  return done = true;
}

bool DeltaFault::hides_master() {
  if (kind_ != "stub_without_master") return false;
  return done = true;
}

void DeltaFault::bend(std::vector<DeltaItem>& items, Folder& folder, const Preferences& preferences) {
  if (kind_ == "unknown_removed" || kind_ == "stub_of_no_series") {
    Item nobody;
    nobody.key = sha256(std::string(kind_) + std::to_string(fault_.fired)).substr(0, 8);
    nobody.folder = &folder;
    std::string json;
    if (kind_ == "unknown_removed") {
      append_removed(json, item_id(folder, nobody, preferences.immutable_ids),
                     fault_.message == "changed" ? "changed" : "deleted");
    } else {
      const Switches switches;
      nobody.content.start.local = nobody.content.end.local = 1767600000;
      append_stub(json, EventView{preferences, switches}, nobody, nobody.content.start.day());
    }
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(choice(items.size() + 1)), {std::move(json), nullptr});
    done = true;
    return;
  }
  if (items.empty()) return;
  if (kind_ == "exception_first") return put_exceptions_first(items);
  if (kind_ == "item_twice") {
    items.push_back(items[choice(items.size())]);
    done = true;
    return;
  }
  if (std::ranges::find(of_items, kind_) == of_items.end()) return;
  // What was removed has hardly anything that could be wrong.
  std::vector<DeltaItem*> whole;
  for (DeltaItem& item : items)
    if (item.item && item.json.find("\"@removed\"") == std::string::npos) whole.push_back(&item);
  if (whole.empty()) return;
  DeltaItem& chosen = *whole[choice(whole.size())];
  spoil(chosen.json);
  // It comes again, whole.
  folder.mailbox.touch(*chosen.item, false);
  done = true;
}

void DeltaFault::put_exceptions_first(std::vector<DeltaItem>& items) {
  const auto is_exception = [](const DeltaItem& item) {
    return item.json.find("\"type\":\"exception\"") != std::string::npos;
  };
  if (std::ranges::none_of(items, is_exception)) return;
  std::ranges::stable_partition(items, is_exception);
  done = true;
}

void DeltaFault::spoil(std::string& item) {
  const auto set = [&](std::string_view name, std::string_view value) { item = with_member(item, name, value); };
  if (kind_ == "null_etag") set("@odata.etag", "null");
  if (kind_ == "missing_etag") set("@odata.etag", "");
  if (kind_ == "number_poison") set("reminderMinutesBeforeStart", "-9888888e888888");
  if (kind_ == "huge_number") set("reminderMinutesBeforeStart", std::string(30, '9'));
  if (kind_ == "lone_surrogate") set("subject", R"("half \ud83d")");
  if (kind_ == "nul_escape") set("subject", R"("a\u0000b")");
  if (kind_ == "huge_title") set("subject", '"' + std::string(1000000, 'x') + '"');
  if (kind_ == "null_fields") {
    for (const std::string_view name : {"subject", "location", "attendees", "body", "showAs", "responseStatus"})
      set(name, "null");
  }
  if (kind_ == "unpaired_quotes") set("subject", R"("a \" b ' c")");
  if (kind_ == "missing_uid") set("iCalUId", "");
  if (kind_ == "skewed_updated") set("lastModifiedDateTime", R"("2038-01-19T03:14:08.0000000Z")");
  if (kind_ == "deep_nesting") set("categories", std::string(2000, '[') + std::string(2000, ']'));
  if (kind_ == "missing_start") set("start", "");
  if (kind_ == "missing_end") set("end", "");
  if (kind_ == "missing_id") set("id", "");
  if (kind_ == "missing_type") set("type", "");
  if (kind_ == "bad_time") set("start", R"({"dateTime":"2026-02-30T25:00:00.0000000","timeZone":"UTC"})");
  if (kind_ == "unknown_zone") set("start", R"({"dateTime":"2026-03-02T09:00:00.0000000","timeZone":"Nowhere Time"})");
  if (kind_ == "half_time") set("end", R"({"timeZone":"UTC"})");
  if (kind_ == "wrong_types") {
    set("subject", "17");
    set("isAllDay", R"("yes")");
  }
}

}  // namespace calsync::emulator::microsoft
