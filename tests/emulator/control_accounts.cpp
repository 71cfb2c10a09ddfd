// SPDX-License-Identifier: Apache-2.0
// /control/accounts and /control/tokens
#include <fmt/format.h>

#include "clock.hpp"
#include "control.hpp"
#include "control_json.hpp"
#include "digest.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view every_scope = "openid email profile https://www.googleapis.com/auth/calendar";

std::string account_json(const Provider& provider, const Account& account) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("email", account.email);
    object.text("sub", account.sub);
    object.text("name", account.name);
    object.text("granted_scopes", scopes_text(account.granted_scopes));
    object.number("refresh_tokens", static_cast<std::int64_t>(provider.tokens.refresh_count(&account)));
    std::string rows = "[";
    for (const auto& entry : account.entries()) {
      if (rows.size() > 1) rows += ',';
      rows += calendar_summary_json(*entry);
    }
    object.raw("calendars", rows + "]");
  }
  return out;
}

void add_bulk_events(Calendar& calendar, std::int64_t count, std::string_view creator) {
  const std::int64_t start = days_from_civil(2026, 1, 5) * 86400 + 9 * 3600;
  for (std::int64_t i = 0; i < count; ++i) {
    auto event = std::make_unique<Event>();
    event->id = base32hex_lower(sha256(fmt::format("{}/{}", calendar.id, i)).substr(0, 16));
    event->ical_uid = event->id + "@google.com";
    event->start = {EventTime::Kind::timed, start + i * 86400, calendar.zone};
    event->end = event->start.moved_to(event->start.seconds + 3600);
    event->body = fmt::format(
        R"("summary":"Event {}","creator":{{"email":"{}","self":true}},"organizer":{{"email":"{}","self":true}},"reminders":{{"useDefault":true}},"eventType":"default")",
        i, creator, calendar.id);
    calendar.add(std::move(event));
  }
}

void append_tokens(ObjectWriter& object, Provider& provider, Account& account, const ScopeSet& scopes) {
  const Settings& settings = provider.settings;
  object.text("access_token", provider.tokens.mint_access(account, scopes, settings.access_token_lifetime_seconds));
  object.text("refresh_token", provider.tokens.mint_refresh(account, scopes, settings));
}

Response bulk(ControlCall& call) {
  const std::string prefix = call.required("prefix");
  const std::int64_t count = int_member(call.body, "count").value_or(1),
                     events = int_member(call.body, "events_per_calendar").value_or(0);
  const std::int64_t calendars = int_member(call.body, "calendars_per_account").value_or(1);
  if (count < 0 || count > 200000 || events < 0 || events > 100000 || calendars < 1 || calendars > 1000)
    throw control_fault(400, "out of range");
  const bool with_tokens = bool_member(call.body, "tokens", false);
  const ScopeSet scopes = parse_scopes(string_member(call.body, "scope", every_scope));
  const Zone* zone = zone_of(call, "timeZone", find_zone("Europe/Berlin"));
  std::string rows = "[";
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string email = fmt::format("{}-{}@example.com", prefix, i);
    Account* account = call.provider.add_account(email, fmt::format("{} {}", prefix, i));
    if (!account)
      account = call.provider.find_account(email);
    else
      add_bulk_events(call.provider.add_primary(*account, zone), events, email);
    for (std::int64_t k = 1; k < calendars; ++k) {
      Calendar& calendar = call.provider.add_calendar(fmt::format("{}-{}-{}@group.calendar.google.com", prefix, i, k),
                                                      fmt::format("Calendar {}", k), zone, email);
      if (!calendar.events().empty()) continue;
      account->add_entry(calendar, AccessRole::owner);
      add_bulk_events(calendar, events, email);
    }
    if (rows.size() > 1) rows += ',';
    ObjectWriter row(rows);
    row.text("email", email);
    if (with_tokens) append_tokens(row, call.provider, *account, scopes);
  }
  return json_response(200, fmt::format(R"({{"count":{},"accounts":{}]}})", count, rows));
}

Response create(ControlCall& call) {
  const std::string email = call.required("email");
  Account* account = call.provider.add_account(email, std::string(call.text("name")));
  if (!account) throw control_fault(409, "the account exists: " + email);
  const Zone* zone = zone_of(call, "timeZone", find_zone("Europe/Berlin"));
  call.provider.add_primary(*account, zone ? zone : utc_zone());
  if (const JsonValue* calendars = member(call.body, "calendars"); calendars && calendars->IsArray())
    for (const JsonValue& wanted : calendars->GetArray()) add_wanted_calendar(call.provider, *account, wanted);
  return json_response(200, account_json(call.provider, *account));
}

}  // namespace

Response control_accounts(ControlCall& call) {
  if (call.request.method == "POST") return !call.path.empty() && call.path[0] == "bulk" ? bulk(call) : create(call);
  const std::string email = call.path.empty() ? std::string(call.text("email")) : call.path[0];
  if (call.request.method == "DELETE") {
    if (!call.provider.remove_account(email)) throw control_fault(404, "no account " + email);
    return json_response(200, "{}");
  }
  if (!email.empty()) {
    const Account* account = call.provider.find_account(email);
    if (!account) throw control_fault(404, "no account " + email);
    return json_response(200, account_json(call.provider, *account));
  }
  std::string rows;
  for (const Account* account : call.provider.accounts_by_email()) {
    if (!rows.empty()) rows += ',';
    rows += account_json(call.provider, *account);
  }
  return json_response(200, R"({"accounts":[)" + rows + "]}");
}

namespace {

std::string count_json(std::size_t count) { return fmt::format(R"({{"count":{}}})", count); }

// Sync tokens of one calendar of one account, of one account, or of all.
std::size_t expire_sync_tokens(ControlCall& call) {
  const std::string_view email = call.text("email"), calendar_id = call.text("calendar_id");
  const bool lists = bool_member(call.body, "calendar_list", calendar_id.empty());
  std::size_t count = 0;
  for (const auto& [address, account] : call.provider.accounts()) {
    if (!email.empty() && address != email) continue;
    if (lists) {
      account->list_token_epoch = new_token_epoch();
      ++count;
    }
    for (const auto& entry : account->entries()) {
      if (!calendar_id.empty() && entry.get() != account->entry(calendar_id)) continue;
      entry->token_epoch = new_token_epoch();
      ++count;
    }
  }
  return count;
}

Response mint(ControlCall& call) {
  Account& account = call.account();
  const ScopeSet scopes = parse_scopes(string_member(call.body, "scope", every_scope));
  std::string body;
  {
    ObjectWriter object(body);
    append_tokens(object, call.provider, account, scopes);
    object.number("expires_in", call.provider.settings.access_token_lifetime_seconds);
    object.text("scope", scopes_text(scopes));
    object.text("token_type", "Bearer");
  }
  return json_response(200, std::move(body));
}

}  // namespace

Response control_tokens(ControlCall& call) {
  if (call.request.method != "POST") throw control_fault(405, "only POST");
  const std::string action = call.path.empty() ? "" : call.path[0];
  if (action.empty()) return mint(call);
  if (action == "expire-sync") return json_response(200, count_json(expire_sync_tokens(call)));
  const Account* account = call.text("email").empty() ? nullptr : &call.account();
  if (action == "expire-access") return json_response(200, count_json(call.provider.tokens.expire_access(account)));
  if (action == "invalidate-refresh")
    return json_response(200, count_json(call.provider.tokens.drop_refresh_of(account)));
  if (action == "revoke") {
    Account& revoked = call.account();
    revoked.granted_scopes.clear();
    return json_response(200, count_json(call.provider.tokens.drop_all_of(&revoked)));
  }
  throw control_fault(404, "no such control call");
}

}  // namespace calsync::emulator
