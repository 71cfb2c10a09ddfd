// SPDX-License-Identifier: Apache-2.0
#include "entra_scopes.hpp"

#include <algorithm>
#include <array>

#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::array<std::string_view, 13> known{"openid",
                                                 "profile",
                                                 "email",
                                                 "offline_access",
                                                 "User.Read",
                                                 "Calendars.Read",
                                                 "Calendars.ReadBasic",
                                                 "Calendars.ReadWrite",
                                                 "Calendars.Read.Shared",
                                                 "Calendars.ReadWrite.Shared",
                                                 "MailboxSettings.Read",
                                                 "MailboxSettings.ReadWrite",
                                                 "Mail.Read"};
constexpr std::string_view graph = "https://graph.microsoft.com/", outlook = "https://outlook.office.com/";

bool starts_ignoring_case(std::string_view text, std::string_view head) {
  return text.size() >= head.size() && equal_ignoring_case(text.substr(0, head.size()), head);
}

}  // namespace

bool AskedScopes::has(std::string_view name) const { return std::ranges::find(names, name) != names.end(); }

bool sign_in_scope(std::string_view name) {
  return name == "openid" || name == "profile" || name == "email" || name == "offline_access";
}

AskedScopes read_scopes(std::string_view spaced) {
  AskedScopes asked;
  bool of_graph = false, of_outlook = false;
  for (const std::string& word : words(spaced)) {
    std::string_view name = word;
    const bool long_graph = starts_ignoring_case(name, graph), long_outlook = starts_ignoring_case(name, outlook);
    if (long_graph) name.remove_prefix(graph.size());
    if (long_outlook) name.remove_prefix(outlook.size());
    asked.long_form |= long_graph || long_outlook;
    if (name == ".default") {
      asked.everything = true;
      continue;
    }
    const auto found =
        std::ranges::find_if(known, [&](std::string_view each) { return equal_ignoring_case(each, name); });
    if (found == known.end()) {
      if (asked.unknown.empty()) asked.unknown = word;
      continue;
    }
    if (!sign_in_scope(*found)) (long_outlook ? of_outlook : of_graph) = true;
    if (!asked.has(*found)) asked.names.emplace_back(*found);
  }
  asked.two_resources = of_graph && of_outlook;
  return asked;
}

std::string scope_echo(const std::set<std::string>& granted, const AskedScopes& asked, std::string_view form) {
  const std::string_view prefix = form == "outlook"                                        ? outlook
                                  : form == "long" || (form == "asked" && asked.long_form) ? graph
                                                                                           : std::string_view();
  std::string resources, sign_in;
  for (const std::string_view name : known) {
    if (!granted.contains(std::string(name)) || name == "offline_access") continue;
    std::string& list = sign_in_scope(name) ? sign_in : resources;
    if (!list.empty()) list += ' ';
    if (!sign_in_scope(name)) list += prefix;
    list += name;
  }
  if (!resources.empty() && !sign_in.empty()) resources += ' ';
  return resources + sign_in;
}

}  // namespace calsync::emulator::microsoft
