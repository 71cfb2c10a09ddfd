// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace calsync::emulator {

using ScopeMask = std::uint32_t;

// Bits of the calendar scopes; any bit in common authorises a call.
namespace scope {
inline constexpr ScopeMask calendar = 1u << 0, readonly = 1u << 1, calendarlist = 1u << 2,
                           calendarlist_readonly = 1u << 3, calendars = 1u << 4, calendars_readonly = 1u << 5,
                           events = 1u << 6, events_readonly = 1u << 7, events_owned = 1u << 8,
                           events_owned_readonly = 1u << 9, events_public_readonly = 1u << 10,
                           events_freebusy = 1u << 11, freebusy = 1u << 12, app_created = 1u << 13,
                           settings_readonly = 1u << 14, acls = 1u << 15, acls_readonly = 1u << 16;
inline constexpr ScopeMask sign_in = 1u << 24, email = 1u << 25, profile = 1u << 26;

// The published client definitions name these sets for each call.
inline constexpr ScopeMask list_calendar_list = calendar | readonly | calendarlist | calendarlist_readonly;
inline constexpr ScopeMask get_calendar_list = list_calendar_list | app_created;
inline constexpr ScopeMask write_calendar_list = calendar | calendarlist;
inline constexpr ScopeMask get_calendar = calendar | readonly | calendars | calendars_readonly | app_created;
inline constexpr ScopeMask write_calendar = calendar | calendars | app_created;
inline constexpr ScopeMask read_events = calendar | readonly | events | events_readonly | events_owned |
                                         events_owned_readonly | events_public_readonly | events_freebusy | app_created;
inline constexpr ScopeMask write_events = calendar | events | events_owned | app_created;
inline constexpr ScopeMask move_events = calendar | events | events_owned;
inline constexpr ScopeMask query_free_busy = calendar | readonly | freebusy | events_freebusy;
// Any scope that can watch something can also stop it.
inline constexpr ScopeMask stop_channel = read_events | list_calendar_list | settings_readonly | acls | acls_readonly;
inline constexpr ScopeMask read_settings = calendar | readonly | settings_readonly;
inline constexpr ScopeMask read_colors = calendar | readonly | calendarlist | calendarlist_readonly | events_freebusy |
                                         events_owned | events_owned_readonly | events_public_readonly | app_created;
}  // namespace scope

using ScopeSet = std::set<std::string>;

ScopeSet parse_scopes(
    std::string_view spaced);  // "email" and "profile" become their long names, as in Google's answers
std::string scopes_text(const ScopeSet& scopes);
ScopeMask scope_mask(const ScopeSet& scopes);
bool known_scope(std::string_view scope);

}  // namespace calsync::emulator
