// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_components.hpp"

#include <algorithm>
#include <array>

#include "common/calendar/ical_text.hpp"

namespace calsync::calendar {
namespace {

/// Deeper components hold nothing of ours; a limit keeps hostile nesting cheap.
constexpr std::size_t max_depth = 16;

/// Components that never stand inside one another, so the BEGIN of one ends another that forgot to.
bool is_top_level(std::string_view name) {
  constexpr std::array<std::string_view, 7> names{"VEVENT",    "VTODO",         "VJOURNAL", "VFREEBUSY",
                                                  "VTIMEZONE", "VAVAILABILITY", "VCALENDAR"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Where a line without a name can only be the rest of a text that was broken by a bare line feed.
bool holds_text(std::string_view name) {
  return name == "SUMMARY" || name == "DESCRIPTION" || name == "LOCATION" || name == "COMMENT" ||
         name.starts_with("X-");
}

class Assembler {
 public:
  void take(ContentLine line) {
    if (line.name == "BEGIN") return begin(upper_case(trim_blanks(line.value())), line.text);
    if (line.name == "END") return end(upper_case(trim_blanks(line.value())), line.text);
    record(line.text);
    if (IcalComponent* owner = open_component()) owner->properties.push_back(std::move(line));
  }

  /// A line that is no property.
  void take_stray(const std::string& text) {
    record(text);
    IcalComponent* owner = open_component();
    if (!owner || owner->properties.empty() || !holds_text(owner->properties.back().name)) return;
    owner->properties.back().text += "\\n" + text;
  }

  IcalStream finish() && {
    stream_.complete = stack_.empty() && !stream_.objects.empty() && !bare_;
    return std::move(stream_);
  }

 private:
  IcalObject& object() {
    if (stream_.objects.empty()) {
      stream_.objects.emplace_back();
      bare_ = true;
    }
    return stream_.objects.back();
  }

  /// The component whose property the next line is; null inside those that nobody reads.
  IcalComponent* open_component() {
    if (stream_.objects.empty() || stack_.empty()) return nullptr;
    IcalObject& object = stream_.objects.back();
    const std::string& innermost = stack_.back();
    if (innermost == "VCALENDAR") return &object.head;
    if (innermost == "VEVENT") return &object.events.back();
    if (innermost == "VTIMEZONE") return &object.time_zones.back();
    const bool observance = stack_.size() > 1 && stack_[stack_.size() - 2] == "VTIMEZONE";
    return observance ? &object.time_zones.back().children.back() : nullptr;
  }

  bool within(std::string_view name) const { return std::find(stack_.begin(), stack_.end(), name) != stack_.end(); }

  void record(const std::string& text) {
    if (within("VEVENT")) stream_.objects.back().events.back().raw += text + "\r\n";
  }

  void begin(std::string name, const std::string& text) {
    if (is_top_level(name)) {
      while (!stack_.empty() && (stack_.back() != "VCALENDAR" || name == "VCALENDAR")) pop();
    }
    if (stack_.size() >= max_depth) return;
    if (name == "VCALENDAR") stream_.objects.emplace_back();
    if (name == "VEVENT") object().events.emplace_back().name = name;
    if (name == "VTIMEZONE") object().time_zones.emplace_back().name = name;
    if (!stack_.empty() && stack_.back() == "VTIMEZONE") object().time_zones.back().children.emplace_back().name = name;
    stack_.push_back(std::move(name));
    record(text);
  }

  void end(const std::string& name, const std::string& text) {
    if (!within(name)) return;
    record(text);
    while (stack_.back() != name) pop();
    pop();
  }

  void pop() {
    if (stack_.back() == "VEVENT") stream_.objects.back().events.back().closed = true;
    stack_.pop_back();
  }

  IcalStream stream_;
  std::vector<std::string> stack_;
  bool bare_ = false;
};

}  // namespace

const ContentLine* IcalComponent::find(std::string_view property) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const ContentLine& line) { return line.name == property; });
  return found == properties.end() ? nullptr : &*found;
}

std::string_view IcalComponent::value_of(std::string_view property) const {
  const ContentLine* line = find(property);
  return line ? trim_blanks(line->value()) : std::string_view();
}

IcalStream read_components(std::string_view bytes) {
  Assembler assembler;
  for (const std::string& text : unfold(bytes)) {
    auto line = parse_content_line(text);
    line ? assembler.take(*std::move(line)) : assembler.take_stray(text);
  }
  return std::move(assembler).finish();
}

}  // namespace calsync::calendar
