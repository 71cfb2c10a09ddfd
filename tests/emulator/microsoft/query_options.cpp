// SPDX-License-Identifier: Apache-2.0
#include "query_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace calsync::emulator::microsoft {
namespace {

constexpr std::array<std::string_view, 45> properties{"id",
                                                      "createdDateTime",
                                                      "lastModifiedDateTime",
                                                      "changeKey",
                                                      "categories",
                                                      "transactionId",
                                                      "originalStartTimeZone",
                                                      "originalEndTimeZone",
                                                      "iCalUId",
                                                      "uid",
                                                      "reminderMinutesBeforeStart",
                                                      "isReminderOn",
                                                      "hasAttachments",
                                                      "subject",
                                                      "body",
                                                      "bodyPreview",
                                                      "importance",
                                                      "sensitivity",
                                                      "isAllDay",
                                                      "isCancelled",
                                                      "isOrganizer",
                                                      "responseRequested",
                                                      "seriesMasterId",
                                                      "showAs",
                                                      "type",
                                                      "webLink",
                                                      "onlineMeetingUrl",
                                                      "isOnlineMeeting",
                                                      "onlineMeetingProvider",
                                                      "onlineMeeting",
                                                      "allowNewTimeProposals",
                                                      "isDraft",
                                                      "hideAttendees",
                                                      "originalStart",
                                                      "responseStatus",
                                                      "start",
                                                      "end",
                                                      "location",
                                                      "locations",
                                                      "recurrence",
                                                      "attendees",
                                                      "organizer",
                                                      "cancelledOccurrences",
                                                      "exceptionOccurrences",
                                                      "extensions"};
constexpr std::array<std::string_view, 7> orders{"start/dateTime",       "end/dateTime", "subject",   "createdDateTime",
                                                 "lastModifiedDateTime", "isAllDay",     "importance"};

// id eq '…' inside of $expand=…($filter=…)
std::string id_in(std::string_view text) {
  const std::size_t first = text.find('\''), last = text.rfind('\'');
  if (first == text.npos || last <= first) return "";
  std::string id(text.substr(first + 1, last - first - 1));
  for (std::size_t at = id.find("''"); at != id.npos; at = id.find("''", at + 1)) id.erase(at, 1);
  return id;
}

void read_expansion(std::string_view text, Expansion& expansion) {
  // At commas outside of parentheses.
  int depth = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    const std::string_view part = trim(text.substr(from, i - from));
    from = i + 1;
    const std::string_view name = trim(part.substr(0, part.find('(')));
    if (equal_ignoring_case(name, "singleValueExtendedProperties")) {
      expansion.property_id = id_in(part);
      if (expansion.property_id.empty())
        throw bad_request("ErrorInvalidUrlQuery", "An expansion of extended properties needs a $filter by id.");
    } else if (equal_ignoring_case(name, "extensions")) {
      expansion.extensions = true;
      expansion.extension_id = id_in(part);
    } else if (equal_ignoring_case(name, "exceptionOccurrences")) {
      expansion.exceptions = true;
    } else if (!equal_ignoring_case(name, "calendar") && !equal_ignoring_case(name, "attachments")) {
      throw bad_request("RequestBroker--ParseUri",
                        fmt::format("Could not find a property named '{}' on type 'microsoft.graph.event'.", name));
    }
  }
}

std::string keep(std::string json, const auto& wanted) {
  Json document;
  if (!parse_json(json, document) || !document.IsObject()) return json;
  std::string out;
  {
    ObjectWriter object(out);
    for (const auto& [name, value] : document.GetObject()) {
      const std::string_view key(name.GetString(), name.GetStringLength());
      if (key.starts_with('@') || key == "id" || wanted(key)) object.raw(key, json_text(value));
    }
  }
  return out;
}

}  // namespace

bool SelectOptions::selects(std::string_view name) const {
  return std::ranges::any_of(names, [&](const std::string& each) { return equal_ignoring_case(each, name); });
}

SelectOptions read_select(const GraphCall& call) {
  SelectOptions options;
  const Query& query = call.request.query;
  if (const std::string* text = query.find("$select"); text && !text->empty()) {
    for (const std::string_view part : split(*text, ',')) {
      const std::string_view name = trim(part).substr(0, trim(part).find('/'));
      if (name.empty()) continue;
      const bool known =
          std::ranges::any_of(properties, [&](std::string_view each) { return equal_ignoring_case(each, name); });
      if (!known && name != "*")
        throw bad_request("RequestBroker--ParseUri",
                          fmt::format("Could not find a property named '{}' on type 'microsoft.graph.event'.", name));
      if (name != "*") options.names.emplace_back(name);
    }
  }
  if (const std::string* text = query.find("$expand"); text && !text->empty()) read_expansion(*text, options.expansion);
  return options;
}

std::string selected(std::string json, const SelectOptions& options) {
  if (options.names.empty()) return json;
  return keep(std::move(json), [&](std::string_view key) {
    return options.selects(key) || key == "singleValueExtendedProperties" ||
           (key == "extensions" && options.expansion.extensions) || key == "exceptionOccurrences";
  });
}

std::string selected_members(std::string json, std::string_view select) {
  if (trim(select).empty()) return json;
  const auto names = split(select, ',');
  return keep(std::move(json), [&](std::string_view key) {
    return std::ranges::any_of(names, [&](std::string_view each) { return equal_ignoring_case(trim(each), key); });
  });
}

OrderBy read_order(const GraphCall& call) {
  const std::string* text = call.request.query.find("$orderby");
  if (!text || trim(*text).empty()) return {};
  const std::string_view first = trim(std::string_view(*text).substr(0, text->find(',')));
  OrderBy order{std::string(first.substr(0, first.find(' '))), first.ends_with(" desc")};
  const auto known =
      std::ranges::find_if(orders, [&](std::string_view each) { return equal_ignoring_case(each, order.path); });
  if (known == orders.end())
    throw bad_request("ErrorInvalidUrlQuery", fmt::format("The property '{}' does not support $orderby.", order.path));
  order.path = *known;
  return order;
}

const JsonValue* at_path(const JsonValue& object, std::string_view path) {
  const JsonValue* value = &object;
  for (const std::string_view part : split(path, '/')) {
    if (!value->IsObject()) return nullptr;
    value = member(*value, part);
    if (!value) return nullptr;
  }
  return value;
}

}  // namespace calsync::emulator::microsoft
