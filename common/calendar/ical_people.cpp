// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_people.hpp"

#include <algorithm>

#include "common/calendar/ical_text.hpp"

namespace calsync::calendar {
namespace {

std::string address_of(const ContentLine& line) {
  constexpr std::string_view scheme = "MAILTO:";
  const std::string_view value = trim_blanks(line.value());
  if (upper_case(value.substr(0, scheme.size())) == scheme)
    return std::string(trim_blanks(value.substr(scheme.size())));
  const std::string_view email = trim_blanks(line.parameter("EMAIL"));
  return std::string(email.empty() ? value : email);
}

/// In the words that the mirror shares with Google.
std::string response_of(const ContentLine& line) {
  const std::string status = upper_case(line.parameter("PARTSTAT"));
  if (status == "ACCEPTED") return "accepted";
  if (status == "DECLINED") return "declined";
  return status == "TENTATIVE" ? "tentative" : "needsAction";
}

}  // namespace

void read_people(const IcalComponent& component, Event& event) {
  if (const ContentLine* organizer = component.find("ORGANIZER")) event.organizer = address_of(*organizer);
  for (const ContentLine& line : component.properties) {
    if (line.name != "ATTENDEE") continue;
    Attendee attendee;
    attendee.email = address_of(line);
    attendee.name = std::string(line.parameter("CN"));
    attendee.response = response_of(line);
    attendee.optional = upper_case(line.parameter("ROLE")) == "OPT-PARTICIPANT";
    attendee.organizer = !attendee.email.empty() && upper_case(attendee.email) == upper_case(event.organizer);
    event.attendees.push_back(std::move(attendee));
  }
}

}  // namespace calsync::calendar
