// SPDX-License-Identifier: Apache-2.0
// settings.list, settings.get and colors.get.
#include <array>
#include <utility>

#include "api_call.hpp"
#include "digest.hpp"
#include "list_token.hpp"

namespace calsync::emulator {
namespace {

std::string setting_value(const Account& account, std::string_view id) {
  if (id == "timezone") {
    for (const auto& entry : account.entries())
      if (entry->calendar->primary) return entry->calendar->zone->name();
    return "UTC";
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> values{{{"autoAddHangouts", "true"},
                                                                                        {"dateFieldOrder", "DMY"},
                                                                                        {"defaultEventLength", "60"},
                                                                                        {"format24HourTime", "true"},
                                                                                        {"hideWeekends", "false"},
                                                                                        {"locale", "en"},
                                                                                        {"weekStart", "1"}}};
  for (const auto& [name, value] : values)
    if (name == id) return std::string(value);
  return "";
}

constexpr std::array<std::string_view, 8> setting_ids{"autoAddHangouts",  "dateFieldOrder", "defaultEventLength",
                                                      "format24HourTime", "hideWeekends",   "locale",
                                                      "timezone",         "weekStart"};

std::string setting_json(const Account& account, std::string_view id) {
  std::string out;
  {
    ObjectWriter object(out);
    object.raw("kind", R"("calendar#setting")");
    object.text("etag", "\"" + std::to_string(fnv1a(setting_value(account, id))) + "\"");
    object.text("id", id);
    object.text("value", setting_value(account, id));
  }
  return out;
}

constexpr std::array<std::string_view, 24> calendar_colors{
    "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765",
    "#7bd148", "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7",
    "#9a9cff", "#b99aff", "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2"};
constexpr std::array<std::string_view, 11> event_colors{"#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c",
                                                        "#fbd75b", "#ffb878", "#46d6db", "#e1e1e1",
                                                        "#5484ed", "#51b749", "#dc2127"};

template <std::size_t n>
std::string palette(const std::array<std::string_view, n>& colors, std::string_view foreground) {
  std::string out;
  {
    ObjectWriter object(out);
    for (std::size_t i = 0; i < n; ++i) {
      ObjectWriter color(object.key(std::to_string(i + 1)));
      color.text("background", colors[i]);
      color.text("foreground", foreground);
    }
  }
  return out;
}

}  // namespace

Response list_settings(ApiCall& call) {
  ListToken token;
  token.owner = fnv1a("settings", fnv1a(call.account.sub));
  token.epoch = call.account.list_token_epoch;
  const std::string_view sent = call.request.query.get("syncToken");
  if (!sent.empty()) {
    const auto known = decode_token(sent);
    if (!known || known->owner != token.owner || known->epoch != token.epoch) throw full_sync_required();
  }
  std::string items;
  for (const std::string_view id : setting_ids) {
    if (!sent.empty()) break;
    if (!items.empty()) items += ',';
    items += setting_json(call.account, id);
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#settings")");
    object.text("etag", "\"p" + std::to_string(token.owner) + "\"");
    object.text("nextSyncToken", encode_token(token));
    object.raw("items", "[" + items + "]");
  }
  return json_response(200, std::move(body));
}

Response get_setting(ApiCall& call) {
  if (setting_value(call.account, call.event_id).empty()) throw not_found();
  return json_response(200, setting_json(call.account, call.event_id));
}

Response get_colors(ApiCall&) {
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#colors")");
    object.text("updated", "2012-02-14T00:00:00.000Z");
    object.raw("calendar", palette(calendar_colors, "#1d1d1d"));
    object.raw("event", palette(event_colors, "#1d1d1d"));
  }
  return json_response(200, std::move(body));
}

}  // namespace calsync::emulator
