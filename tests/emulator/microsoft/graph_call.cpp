// SPDX-License-Identifier: Apache-2.0
#include "graph_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

// An offset in the value decides, without one it is UTC.
std::int64_t instant_parameter(const GraphCall& call, std::string_view name) {
  const std::string* text = nullptr;
  for (const auto& [key, value] : call.request.query.pairs())
    if (equal_ignoring_case(key, name)) text = &value;
  if (!text || text->empty())
    throw bad_request("ErrorInvalidParameter",
                      "This request requires a time window specified by the query string parameters StartDateTime and "
                      "EndDateTime.");
  std::string whole = *text;
  if (const auto day = parse_date(whole)) return *day;
  // A plus sign that was not encoded arrived as a blank.
  std::ranges::replace(whole, ' ', '+');
  const auto parsed = parse_rfc3339(whole);
  if (!parsed) throw bad_request("ErrorInvalidParameter", fmt::format("The value '{}' of {} is no time.", *text, name));
  return parsed->local_seconds - parsed->utc_offset.value_or(0);
}

std::int64_t number_parameter(const GraphCall& call, std::string_view name, std::int64_t otherwise, std::int64_t least,
                              std::int64_t most) {
  const std::string* text = call.request.query.find(name);
  if (!text) return otherwise;
  const auto number = parse_integer(*text);
  if (!number || *number < least || *number > most)
    throw bad_request("ErrorInvalidUrlQuery",
                      fmt::format("Invalid value '{}' for {} query option found. It must be an integer from {} to {}.",
                                  *text, name, least, most));
  return *number;
}

}  // namespace

const Exception* Target::exception() const {
  if (!day) return nullptr;
  const auto found = item->exceptions.find(*day);
  return found == item->exceptions.end() ? nullptr : &found->second;
}

Listing& listing_of(GraphCall& call) {
  if (!call.user.enabled || !call.user.default_folder())
    throw GraphError{404, "MailboxNotEnabledForRESTAPI",
                     "The mailbox is either inactive, soft-deleted, or is hosted on-premise."};
  const bool standard = call.calendar_id.empty() || call.calendar_id == "default";
  Listing* found = call.user.listing(standard ? call.user.default_folder()->id : call.calendar_id);
  if (found) return *found;
  if (!call.calendar_id.ends_with('=')) throw malformed_id();
  throw item_not_found();
}

Listing& writable_listing(GraphCall& call) {
  Listing& found = listing_of(call);
  if (!found.can_edit) throw access_denied();
  return found;
}

Target target_for(GraphCall& call, std::string_view id) {
  const auto ref = read_item_id(id);
  if (!ref) throw malformed_id();
  const Listing& listing = listing_of(call);
  // Without a calendar in the path only the own mailbox is searched: what others share is not there.
  Mailbox& owner = call.calendar_id.empty() ? call.user : listing.folder->mailbox;
  if (!ref->of(owner)) throw item_not_found();
  Item* item = owner.find(ref->key);
  if (!item || item->deleted || item->folder->removed) throw item_not_found();
  if (ref->folder != 0 && ref->folder != item->folder->number) throw item_not_found();
  if (!call.calendar_id.empty() && item->folder != listing.folder) throw item_not_found();
  if (ref->day) {
    const bool there = item->recurrence && !item->removed_days.contains(*ref->day) &&
                       (item->exceptions.contains(*ref->day) || occurs_on(*item->recurrence, *ref->day, call.clamps()));
    if (!there) throw item_not_found();
  }
  return {item->folder, item, ref->day};
}

Target target_of(GraphCall& call) { return target_for(call, call.event_id); }

Window window_of(const GraphCall& call) {
  Window window{instant_parameter(call, "startDateTime"), instant_parameter(call, "endDateTime")};
  if (window.last < window.first)
    throw bad_request("ErrorInvalidParameter", "The end of the time window is before its start.");
  return window;
}

Json graph_body(const Request& request) {
  Json body;
  if (!parse_json(request.body, body) || !body.IsObject())
    throw bad_request("BadRequest",
                      "Unable to read JSON request payload. Please ensure Content-Type header is set and "
                      "payload is of valid JSON format.");
  return body;
}

PageOptions page_options(const GraphCall& call) {
  const std::int64_t wish =
      call.preferences.page_size > 0 ? call.preferences.page_size : call.switches().graph_page_size;
  PageOptions options;
  options.top = number_parameter(call, "$top", std::min<std::int64_t>(wish, 1000), 1, 1000);
  options.skip = number_parameter(call, "$skip", 0, 0, INT32_MAX);
  if (const std::int64_t limit = call.provider.settings.short_pages; limit > 0)
    options.top = std::min(options.top, limit);
  return options;
}

std::string next_page_link(const GraphCall& call, std::int64_t skip) {
  std::string link = call.request.origin() + call.request.path;
  char separator = '?';
  for (const auto& [name, value] : call.request.query.pairs()) {
    if (name == "$skip") continue;
    link += separator;
    link.append(name.starts_with('$') ? name : percent_encode(name)).append("=").append(percent_encode(value));
    separator = '&';
  }
  return link + separator + "$skip=" + std::to_string(skip);
}

}  // namespace calsync::emulator::microsoft
