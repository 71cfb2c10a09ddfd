// SPDX-License-Identifier: Apache-2.0
// /control/microsoft/accounts, tokens and calendars
#include <fmt/format.h>

#include "graph_control.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/ics_zone.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::string_view every_scope = "openid profile email offline_access User.Read Calendars.ReadWrite";

std::string user_json(const Provider& provider, const Mailbox& user) {
  std::string rows;
  for (const Listing& row : user.listings) {
    if (row.folder->removed) continue;
    if (!rows.empty()) rows += ',';
    rows += listing_json(user, row);
  }
  std::string out;
  {
    ObjectWriter object(out);
    object.text("email", user.email);
    object.text("id", user.id);
    object.text("oid", user.oid);
    object.text("tenant", user.tenant);
    object.text("kind", user.personal ? "personal" : "work");
    object.text("name", user.name);
    object.boolean("mailbox", user.enabled);
    object.number("refresh_tokens", static_cast<std::int64_t>(provider.microsoft.tokens.refresh_count(user)));
    object.raw("calendars", "[" + rows + "]");
  }
  return out;
}

void append_tokens(ObjectWriter& object, Provider& provider, Mailbox& user, std::string_view scope) {
  const AskedScopes asked = read_scopes(scope.empty() ? every_scope : scope);
  const std::set<std::string> scopes(asked.names.begin(), asked.names.end());
  EntraTokens& tokens = provider.microsoft.tokens;
  const std::int64_t lifetime = provider.settings.access_token_lifetime_seconds;
  object.text("access_token", tokens.add_access(user, scopes, lifetime));
  object.text("refresh_token", tokens.add_refresh(user, scopes, provider.settings.microsoft));
  object.number("expires_in", lifetime);
  object.text("scope", scope_echo(scopes, asked, "short"));
}

const Zone* wanted_zone(const ControlCall& call, const Zone* otherwise) {
  const std::string_view name = call.text("timeZone");
  if (name.empty()) return otherwise;
  const Zone* zone = zone_by_any_name(name);
  if (!zone) throw control_fault(400, "unknown time zone " + std::string(name));
  return zone;
}

Mailbox& added_user(ControlCall& call, const std::string& email, const std::string& name) {
  const std::string_view kind = call.text("kind");
  if (!kind.empty() && kind != "work" && kind != "personal") throw control_fault(400, "kind is work or personal");
  Mailbox* user = call.provider.microsoft.add(email, name, call.text("tenant"), kind == "personal");
  if (!user) throw control_fault(409, "the account exists: " + email);
  user->zone = wanted_zone(call, find_zone("Europe/Berlin"));
  user->enabled = bool_member(call.body, "mailbox", true);
  return *user;
}

void add_events(Mailbox& user, Folder& folder, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    auto item = std::make_unique<Item>();
    item->content.subject = fmt::format("Event {}", i);
    item->content.start = {(days_from_civil(2026, 1, 5) + i) * 86400 + 9 * 3600, user.zone};
    item->content.end = {item->content.start.local + 3600, user.zone};
    item->ical_uid = fmt::format("event-{}-{}", i, user.email);
    user.add(std::move(item), folder);
  }
}

Response bulk(ControlCall& call) {
  const std::string prefix = call.required("prefix");
  const std::int64_t count = int_member(call.body, "count").value_or(1);
  const std::int64_t events = int_member(call.body, "events_per_calendar").value_or(0);
  const std::int64_t calendars = int_member(call.body, "calendars_per_account").value_or(1);
  if (count < 0 || count > 200000 || events < 0 || events > 100000 || calendars < 1 || calendars > 1000)
    throw control_fault(400, "out of range");
  std::string rows;
  for (std::int64_t i = 0; i < count; ++i) {
    Mailbox& user = added_user(call, fmt::format("{}-{}@example.com", prefix, i), fmt::format("{} {}", prefix, i));
    add_events(user, *user.default_folder(), events);
    for (std::int64_t k = 1; k < calendars; ++k)
      add_events(user, user.add_folder(fmt::format("Calendar {}", k)), events);
    if (!rows.empty()) rows += ',';
    ObjectWriter row(rows);
    row.text("email", user.email);
    row.text("id", user.id);
    if (bool_member(call.body, "tokens", false)) append_tokens(row, call.provider, user, call.text("scope"));
  }
  return json_response(200, fmt::format(R"({{"count":{},"accounts":[{}]}})", count, rows));
}

std::string count_json(std::size_t count) { return fmt::format(R"({{"count":{}}})", count); }

// What a client has of one calendar, of one account's, or of all is unknown from now on.
std::size_t expire_deltas(const ControlCall& call) {
  const Mailbox* only = call.text("email").empty() ? nullptr : &mailbox_of(call);
  const Folder* folder = only && !call.text("calendar_id").empty() ? listing_of(call).folder : nullptr;
  std::size_t count = 0;
  for (const auto& [email, user] : call.provider.microsoft.users()) {
    if (only && only != user.get()) continue;
    for (const auto& each : user->folders()) {
      if (folder && folder != each.get()) continue;
      each->epoch = new_token_epoch();
      ++count;
    }
  }
  return count;
}

}  // namespace

std::string listing_json(const Mailbox& user, const Listing& row) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("id", row.folder->id);
    object.text("name", row.folder->name);
    object.boolean("default", row.folder == user.default_folder());
    object.boolean("can_edit", row.can_edit);
    object.text("owner", row.folder->mailbox.email);
    object.number("events", static_cast<std::int64_t>(row.folder->living().size()));
    object.number("change", static_cast<std::int64_t>(row.folder->last_change()));
  }
  return out;
}

Listing& add_wanted_calendar(Mailbox& user, const JsonValue& wanted) {
  const std::string_view name = string_member(wanted, "name");
  if (name.empty()) throw control_fault(400, "missing: name");
  Folder& folder = user.add_folder(std::string(name));
  folder.color = string_member(wanted, "color", "auto");
  user.listings.back().can_edit = bool_member(wanted, "can_edit", true);
  return user.listings.back();
}

Response control_users(ControlCall& call) {
  World& world = call.provider.microsoft;
  const std::string& method = call.request.method;
  if (method == "POST" && !call.path.empty() && call.path[0] == "bulk") return bulk(call);
  if (method == "POST") {
    Mailbox& user = added_user(call, call.required("email"), std::string(call.text("name")));
    if (const JsonValue* list = member(call.body, "calendars"); list && list->IsArray())
      for (const JsonValue& wanted : list->GetArray()) add_wanted_calendar(user, wanted);
    return json_response(200, user_json(call.provider, user));
  }
  if (!call.path.empty()) set_member(call.body, "email", json_string(call.path[0], call.body), call.body);
  if (method == "DELETE") {
    const std::string email = mailbox_of(call).email;
    world.remove(email);
    return json_response(200, "{}");
  }
  if (method == "PATCH") {
    Mailbox& user = mailbox_of(call);
    user.enabled = bool_member(call.body, "mailbox", user.enabled);
    user.zone = wanted_zone(call, user.zone);
    return json_response(200, user_json(call.provider, user));
  }
  if (!call.text("email").empty()) return json_response(200, user_json(call.provider, mailbox_of(call)));
  std::string rows;
  for (const auto& [email, user] : world.users()) {
    if (!rows.empty()) rows += ',';
    rows += user_json(call.provider, *user);
  }
  return json_response(200, R"({"accounts":[)" + rows + "]}");
}

Response control_user_tokens(ControlCall& call) {
  if (call.request.method != "POST") throw control_fault(405, "only POST");
  EntraTokens& tokens = call.provider.microsoft.tokens;
  const std::string action = call.path.empty() ? "" : call.path[0];
  if (action.empty()) {
    std::string body;
    {
      ObjectWriter object(body);
      append_tokens(object, call.provider, mailbox_of(call), call.text("scope"));
    }
    return json_response(200, std::move(body));
  }
  if (action == "expire-delta") return json_response(200, count_json(expire_deltas(call)));
  Mailbox* user = call.text("email").empty() ? nullptr : &mailbox_of(call);
  if (action == "expire-access") return json_response(200, count_json(tokens.expire_access(user)));
  if (action == "invalidate-refresh" || action == "revoke") {
    const std::int64_t code = int_member(call.body, "aadsts").value_or(action == "revoke" ? 50173 : 70000);
    if (action == "revoke") tokens.expire_access(user);
    if (action == "revoke" && user) user->granted.clear();
    return json_response(200, count_json(tokens.kill_refresh(user, static_cast<int>(code))));
  }
  throw control_fault(404, "no such control call");
}

Response control_user_calendars(ControlCall& call) {
  const std::string& method = call.request.method;
  Mailbox& user = mailbox_of(call);
  if (method == "POST" && call.path.empty())
    return json_response(200, listing_json(user, add_wanted_calendar(user, call.body)));
  Listing& row = listing_of(call);
  if (method == "POST" && call.path[0] == "share") {
    Mailbox* guest = call.provider.microsoft.find(call.required("with"));
    if (!guest) throw control_fault(404, "no account " + call.required("with"));
    guest->listings.push_back({row.folder, bool_member(call.body, "can_edit", false)});
    return json_response(200, listing_json(*guest, guest->listings.back()));
  }
  if (method == "PATCH") {
    row.can_edit = bool_member(call.body, "can_edit", row.can_edit);
    if (const std::string_view name = call.text("name"); !name.empty()) row.folder->name = name;
  }
  if (method == "DELETE") {
    Folder* folder = row.folder;
    if (&folder->mailbox == &user) folder->removed = true;
    std::erase_if(user.listings, [&](const Listing& each) { return each.folder == folder; });
    return json_response(200, "{}");
  }
  return json_response(200, listing_json(user, row));
}

}  // namespace calsync::emulator::microsoft
