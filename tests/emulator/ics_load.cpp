// SPDX-License-Identifier: Apache-2.0
#include "ics_load.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "control.hpp"
#include "digest.hpp"
#include "event_input.hpp"
#include "ics_event.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

// The same file gives the same ids after a restart.
std::string event_id_of(std::string_view uid) { return base32hex_lower(sha256(uid)).substr(0, 40); }

struct Draft {
  IcsEvent source;
  Json resource;
};

// RECURRENCE-ID may be a date where the series has times, or the other way round; the series decides.
EventTime original_in_terms_of(const EventTime& named, const Event* master) {
  if (!master || master->start.kind == EventTime::Kind::none) return named;
  const EventTime& first = master->start;
  if (first.is_date() && !named.is_date()) {
    const std::int64_t wall = named.seconds + (named.zone ? named.zone->offset_at(named.seconds) : 0);
    return {EventTime::Kind::date, (wall >= 0 ? wall : wall - 86399) / 86400 * 86400, nullptr};
  }
  if (!first.is_date() && named.is_date()) {
    const std::int64_t wall = first.seconds + first.zone->offset_at(first.seconds);
    return {EventTime::Kind::timed, first.zone->to_utc(named.seconds + (wall % 86400 + 86400) % 86400), first.zone};
  }
  return {named.kind, named.seconds, first.zone};
}

class Import {
 public:
  Import(Account& account, Calendar& calendar, ImportReport& report)
      : account_(account), calendar_(calendar), report_(report) {}

  void take(const IcsComponent& component, FileZones& zones) {
    ++report_.vevents;
    IcsEvent event = read_vevent(component, zones);
    if (!event.rejection.empty()) return reject(event.uid, event.rejection);
    // Google gives an event without UID one of its own; here it follows from the content.
    if (event.uid.empty()) event.uid = event_id_of(event.resource) + "@google.com";
    const std::string key = event.uid + '\n' + (is_exception(event) ? event.recurrence_id.id_suffix() : "");
    const auto [place, first] = places_.try_emplace(key, drafts_.size());
    if (first) {
      drafts_.push_back(std::move(event));
      return;
    }
    ++report_.superseded;
    IcsEvent& other = drafts_[place->second];
    if (event.sequence >= other.sequence) other = std::move(event);
  }

  void store() {
    for (const IcsEvent& event : drafts_)
      if (!is_exception(event)) store_one(event);
    for (const IcsEvent& event : drafts_)
      if (is_exception(event)) store_one(event);
  }

 private:
  static bool is_exception(const IcsEvent& event) { return event.recurrence_id.kind != EventTime::Kind::none; }

  void reject(std::string uid, std::string reason) { report_.rejected.push_back({std::move(uid), std::move(reason)}); }

  void store_one(const IcsEvent& source) {
    Json resource;
    if (!parse_json(source.resource, resource)) return reject(source.uid, "its text is no valid UTF-8");
    const std::string series_id = event_id_of(source.uid);
    auto event = std::make_unique<Event>();
    event->id = series_id;
    event->ical_uid = source.uid;
    if (is_exception(source)) {
      event->original = original_in_terms_of(source.recurrence_id, calendar_.find(series_id));
      event->recurring_event_id = series_id;
      event->id += '_' + event->original.id_suffix();
    }
    try {
      read_event(calendar_, resource, people_of_import(calendar_, account_.email, resource), Sender::control, *event);
    } catch (const ApiError& error) {
      return reject(source.uid, error.message);
    }
    Event* known = calendar_.find(event->id);
    const bool first_time = stored_.insert(event->id).second;
    if (!first_time) {
      ++report_.superseded;
    } else {
      ++report_.loaded;
    }
    if (!known) {
      calendar_.add(std::move(event));
      return;
    }
    // Loading again replaces what is there.
    event->created_ms = known->created_ms;
    event->position = known->position;
    event->change = known->change;
    *known = std::move(*event);
    calendar_.touch(*known);
  }

  Account& account_;
  Calendar& calendar_;
  ImportReport& report_;
  std::vector<IcsEvent> drafts_;
  std::map<std::string, std::size_t> places_;
  std::set<std::string> stored_;
};

std::string calendar_name(const std::vector<IcsComponent>& components) {
  for (const IcsComponent& component : components)
    if (component.name == "VCALENDAR")
      if (const IcsProperty* name = component.find("X-WR-CALNAME")) return unescape_text(trim(name->value));
  return "";
}

}  // namespace

ImportReport import_ics(Provider& provider, Account& account, const std::string& bytes, std::string calendar_id,
                        std::string summary) {
  ImportReport report;
  const std::vector<IcsComponent> components = parse_ics(to_utf8(bytes));
  FileZones zones(components, utc_zone());
  if (summary.empty()) summary = calendar_name(components);
  if (calendar_id == "primary") calendar_id = account.email;
  if (calendar_id.empty()) calendar_id = hex(random_bytes(26)) + "@group.calendar.google.com";
  if (summary.empty()) summary = calendar_id;
  CalendarListEntry* entry = account.entry(calendar_id);
  if (!entry)
    entry = &account.add_entry(provider.add_calendar(calendar_id, summary, zones.calendar_zone(), account.email),
                               AccessRole::owner);
  report.calendar_id = calendar_id;
  report.summary = entry->calendar->summary;

  Import import(account, *entry->calendar, report);
  bool any_calendar = false;
  for (const IcsComponent& component : components) {
    any_calendar |= component.name == "VCALENDAR";
    if (component.name == "VEVENT") import.take(component, zones);
    if (component.name == "VTODO" || component.name == "VJOURNAL" || component.name == "VFREEBUSY")
      ++report.ignored[component.name];
  }
  import.store();
  if (!any_calendar) report.error = "no VCALENDAR in the file";
  return report;
}

std::string read_calendar_file(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path, ignored) || !file) throw control_fault(400, "cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> calendar_files(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; it != end && !error; it.increment(error))
    if (it->is_regular_file(error) && lower(it->path().extension().string()) == ".ics")
      files.push_back(fs::relative(it->path(), directory).string());
  if (error) throw control_fault(400, "cannot read " + directory);
  std::ranges::sort(files);
  return files;
}

std::vector<ImportReport> load_directory(Provider& provider, Account& account, const std::string& directory) {
  std::vector<ImportReport> reports;
  for (const std::string& name : calendar_files(directory)) {
    const std::string bytes = read_calendar_file(directory + "/" + name);
    const std::string id = hex(sha256(account.email + '\n' + name)).substr(0, 52) + "@group.calendar.google.com";
    const std::string stem = std::filesystem::path(name).stem().string();
    const std::string title = calendar_name(parse_ics(to_utf8(bytes)));
    ImportReport report = import_ics(provider, account, bytes, id, title.empty() ? stem : title);
    report.file = name;
    const std::string feed = provider.feeds.free_name(name);
    provider.feeds.put(feed, bytes);
    report.feed = "/feeds/" + feed + ".ics";
    reports.push_back(std::move(report));
  }
  return reports;
}

std::string report_json(const ImportReport& report) {
  std::string rejected;
  for (const auto& [uid, reason] : report.rejected) {
    if (!rejected.empty()) rejected += ',';
    ObjectWriter row(rejected);
    row.text("uid", uid);
    row.text("reason", reason);
  }
  std::string ignored;
  {
    ObjectWriter row(ignored);
    for (const auto& [name, count] : report.ignored) row.number(name, static_cast<std::int64_t>(count));
  }
  std::string out;
  {
    ObjectWriter object(out);
    object.text_unless_empty("file", report.file);
    object.text_unless_empty("feed", report.feed);
    object.text("calendar_id", report.calendar_id);
    object.text("summary", report.summary);
    object.number("vevents", static_cast<std::int64_t>(report.vevents));
    object.number("loaded", static_cast<std::int64_t>(report.loaded));
    object.number("superseded", static_cast<std::int64_t>(report.superseded));
    object.raw("rejected", "[" + rejected + "]");
    object.raw("ignored", ignored);
    object.text_unless_empty("error", report.error);
  }
  return out;
}

std::string reports_json(const std::string& email, const std::vector<ImportReport>& reports) {
  std::string rows;
  ImportReport total;
  std::size_t rejected = 0;
  for (const ImportReport& report : reports) {
    if (!rows.empty()) rows += ',';
    rows += report_json(report);
    total.vevents += report.vevents;
    total.loaded += report.loaded;
    total.superseded += report.superseded;
    rejected += report.rejected.size();
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.text("email", email);
    object.number("vevents", static_cast<std::int64_t>(total.vevents));
    object.number("loaded", static_cast<std::int64_t>(total.loaded));
    object.number("superseded", static_cast<std::int64_t>(total.superseded));
    object.number("rejected", static_cast<std::int64_t>(rejected));
    object.raw("files", "[" + rows + "]");
  }
  return body;
}

Response control_load(ControlCall& call) {
  Account& account = call.account();
  return json_response(200, reports_json(account.email, load_directory(call.provider, account, call.required("path"))));
}

}  // namespace calsync::emulator
