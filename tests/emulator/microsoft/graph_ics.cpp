// SPDX-License-Identifier: Apache-2.0
// Loading .ics files as Outlook calendars. Every VEVENT is accounted for: loaded, rejected or superseded.
#include "graph_ics.hpp"

#include <algorithm>
#include <filesystem>

#include "graph_control.hpp"
#include "graph_ics_content.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/ics_event.hpp"

namespace calsync::emulator::microsoft {
namespace {

struct Source {
  IcsEvent event;
  Json resource;
};

std::int64_t day_of(const EventTime& original, const Item* series) {
  if (original.is_date()) return original.seconds / 86400;
  const Zone* zone = series ? series->content.start.zone : original.zone ? original.zone : utc_zone();
  const std::int64_t local = original.seconds + zone->offset_at(original.seconds);
  return Moment{local, zone}.day();
}

class GraphImport {
 public:
  GraphImport(Folder& folder, ImportReport& report, bool clamps) : folder_(folder), report_(report), clamps_(clamps) {}

  void take(const IcsComponent& component, FileZones& zones) {
    ++report_.vevents;
    Source source{read_vevent(component, zones), {}};
    IcsEvent& event = source.event;
    if (!event.rejection.empty()) return reject(event.uid, event.rejection);
    if (!parse_json(event.resource, source.resource)) return reject(event.uid, "its text is no valid UTF-8");
    if (event.uid.empty()) event.uid = hex(sha256(event.resource)).substr(0, 40);
    const std::string key = event.uid + '\n' + (exceptional(event) ? event.recurrence_id.id_suffix() : "");
    const auto [place, first] = places_.try_emplace(key, sources_.size());
    if (first) {
      sources_.push_back(std::move(source));
      return;
    }
    ++report_.superseded;
    Source& other = sources_[place->second];
    if (event.sequence >= other.event.sequence) other = std::move(source);
  }

  void store() {
    for (const Source& source : sources_)
      if (!exceptional(source.event)) store_event(source);
    for (const Source& source : sources_)
      if (exceptional(source.event)) store_exception(source);
  }

 private:
  static bool exceptional(const IcsEvent& event) { return event.recurrence_id.kind != EventTime::Kind::none; }
  void reject(std::string uid, std::string reason) { report_.rejected.push_back({std::move(uid), std::move(reason)}); }
  std::string key_of(std::string_view uid) const { return sha256(folder_.id + '\n' + std::string(uid)).substr(0, 8); }

  void store_event(const Source& source) {
    auto item = std::make_unique<Item>();
    item->key = key_of(source.event.uid);
    item->ical_uid = source.event.uid;
    try {
      item->content = ics_content(source.resource, folder_.mailbox);
    } catch (const ApiError& error) {
      return reject(source.event.uid, error.message);
    }
    if (const JsonValue* lines = member(source.resource, "recurrence"); lines && lines->IsArray())
      if (const std::string fault = read_lines(*lines, *item); !fault.empty()) return reject(source.event.uid, fault);
    folder_.mailbox.add(std::move(item), folder_);
    ++report_.loaded;
  }

  std::string read_lines(const JsonValue& lines, Item& item) {
    const Moment& start = item.content.start;
    std::string rule, others;
    std::vector<ListedTime> removed;
    for (const JsonValue& each : lines.GetArray()) {
      const std::string_view line = each.GetString();
      const std::string_view name = line.substr(0, line.find_first_of(":;"));
      const std::string_view value = line.substr(std::min(line.size(), line.find(':') + 1));
      if (name == "RRULE" && rule.empty()) {
        rule = value;
        continue;
      }
      const std::size_t zone_at = line.find("TZID=");
      const Zone* zone = start.zone;
      if (zone_at != line.npos && zone_at < line.find(':'))
        if (const Zone* named = find_zone(line.substr(zone_at + 5, line.find_first_of(":;", zone_at) - zone_at - 5)))
          zone = named;
      if (name == "EXDATE" && read_time_list(value, zone, removed)) continue;
      return "Outlook has no such series: " + std::string(name);
    }
    if (rule.empty()) return "";
    Recurrence pattern;
    const UntilContext context{item.content.all_day, start.local - start.day() * 86400, start.zone};
    if (std::string fault = recurrence_from_rule(rule, start.day(), context, pattern); !fault.empty()) return fault;
    if (!occurs_on(pattern, start.day(), clamps_)) return "the series does not begin on a day of its rule";
    pattern.zone_name = windows_name(start.zone);
    item.recurrence = pattern;
    for (const ListedTime& time : removed) {
      const std::int64_t local = time.is_date ? time.seconds : time.seconds + start.zone->offset_at(time.seconds);
      item.removed_days.insert(Moment{local, start.zone}.day());
    }
    return "";
  }

  void store_exception(const Source& source) {
    Item* series = folder_.mailbox.find(key_of(source.event.uid));
    Exception exception;
    try {
      exception.content = ics_content(source.resource, folder_.mailbox);
    } catch (const ApiError& error) {
      return reject(source.event.uid, error.message);
    }
    if (!series || series->deleted || !series->is_series()) return store_alone(source, std::move(exception.content));
    const std::int64_t day = day_of(source.event.recurrence_id, series);
    if (!occurs_on(*series->recurrence, day, clamps_))
      return reject(source.event.uid, "the series has no occurrence on that day");
    ++report_.loaded;
    if (exception.content.cancelled) {
      series->removed_days.insert(day);
    } else {
      exception.created_ms = exception.modified_ms = now_ms();
      exception.change_key = next_etag();
      series->removed_days.erase(day);
      series->exceptions[day] = std::move(exception);
    }
    folder_.mailbox.touch(*series, false);
  }

  // An invitation to one occurrence of a series that is not here.
  void store_alone(const Source& source, Content content) {
    auto item = std::make_unique<Item>();
    item->key = key_of(source.event.uid + '\n' + source.event.recurrence_id.id_suffix());
    item->ical_uid = source.event.uid;
    item->content = std::move(content);
    folder_.mailbox.add(std::move(item), folder_);
    ++report_.loaded;
  }

  Folder& folder_;
  ImportReport& report_;
  bool clamps_;
  std::vector<Source> sources_;
  std::map<std::string, std::size_t> places_;
};

}  // namespace

ImportReport import_graph_ics(Provider& provider, Mailbox& user, const std::string& bytes, Folder* folder,
                              std::string name) {
  ImportReport report;
  const std::vector<IcsComponent> components = parse_ics(to_utf8(bytes));
  FileZones zones(components, utc_zone());
  if (!folder) {
    for (const IcsComponent& component : components)
      if (const IcsProperty* title = component.name == "VCALENDAR" ? component.find("X-WR-CALNAME") : nullptr)
        name = unescape_text(trim(title->value));
    folder = &user.add_folder(name.empty() ? "Calendar" : name);
  }
  report.calendar_id = folder->id;
  report.summary = folder->name;
  GraphImport import(*folder, report, provider.settings.microsoft.graph_month_end != "skip");
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

std::vector<ImportReport> load_graph_directory(Provider& provider, Mailbox& user, const std::string& directory) {
  std::vector<ImportReport> reports;
  for (const std::string& name : calendar_files(directory)) {
    ImportReport report = import_graph_ics(provider, user, read_calendar_file(directory + "/" + name), nullptr,
                                           std::filesystem::path(name).stem().string());
    report.file = name;
    reports.push_back(std::move(report));
  }
  return reports;
}

Response control_graph_import(ControlCall& call) {
  Mailbox& user = mailbox_of(call);
  std::string text(string_member(call.body, "ics"));
  if (text.empty() && !call.text("path").empty()) text = read_calendar_file(std::string(call.text("path")));
  if (text.empty()) throw control_fault(400, "missing: ics or path");
  Folder* folder = call.text("calendar_id").empty() ? nullptr : listing_of(call).folder;
  return json_response(
      200, report_json(import_graph_ics(call.provider, user, text, folder, std::string(call.text("name")))));
}

Response control_graph_load(ControlCall& call) {
  Mailbox& user = mailbox_of(call);
  return json_response(200, reports_json(user.email, load_graph_directory(call.provider, user, call.required("path"))));
}

}  // namespace calsync::emulator::microsoft
