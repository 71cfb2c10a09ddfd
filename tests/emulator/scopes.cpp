// SPDX-License-Identifier: Apache-2.0
#include "scopes.hpp"

#include <array>
#include <utility>

#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view prefix = "https://www.googleapis.com/auth/";

constexpr std::array<std::pair<std::string_view, ScopeMask>, 17> calendar_scopes{{
    {"calendar", scope::calendar},
    {"calendar.readonly", scope::readonly},
    {"calendar.calendarlist", scope::calendarlist},
    {"calendar.calendarlist.readonly", scope::calendarlist_readonly},
    {"calendar.calendars", scope::calendars},
    {"calendar.calendars.readonly", scope::calendars_readonly},
    {"calendar.events", scope::events},
    {"calendar.events.readonly", scope::events_readonly},
    {"calendar.events.owned", scope::events_owned},
    {"calendar.events.owned.readonly", scope::events_owned_readonly},
    {"calendar.events.public.readonly", scope::events_public_readonly},
    {"calendar.events.freebusy", scope::events_freebusy},
    {"calendar.freebusy", scope::freebusy},
    {"calendar.app.created", scope::app_created},
    {"calendar.settings.readonly", scope::settings_readonly},
    {"calendar.acls", scope::acls},
    {"calendar.acls.readonly", scope::acls_readonly},
}};

ScopeMask bit_of(std::string_view name) {
  if (name == "openid") return scope::sign_in;
  if (!name.starts_with(prefix)) return 0;
  name.remove_prefix(prefix.size());
  if (name == "userinfo.email") return scope::email;
  if (name == "userinfo.profile") return scope::profile;
  for (const auto& [known, bit] : calendar_scopes)
    if (known == name) return bit;
  return 0;
}

}  // namespace

ScopeSet parse_scopes(std::string_view spaced) {
  ScopeSet scopes;
  for (std::string& word : words(spaced)) {
    if (word == "email" || word == "profile") word = std::string(prefix) + "userinfo." + word;
    scopes.insert(std::move(word));
  }
  return scopes;
}

std::string scopes_text(const ScopeSet& scopes) {
  std::string text;
  for (const std::string& name : scopes) {
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

ScopeMask scope_mask(const ScopeSet& scopes) {
  ScopeMask mask = 0;
  for (const std::string& name : scopes) mask |= bit_of(name);
  return mask;
}

bool known_scope(std::string_view name) {
  if (bit_of(name) != 0 || name == "https://mail.google.com/") return true;
  // Scopes of other Google products are valid in a request, even though nothing here needs them.
  return name.starts_with(prefix) && name.size() > prefix.size() &&
         !name.substr(prefix.size()).starts_with("calendar") && !name.substr(prefix.size()).starts_with("userinfo");
}

}  // namespace calsync::emulator
