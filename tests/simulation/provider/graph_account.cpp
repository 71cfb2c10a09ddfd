// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/graph_account.hpp"

#include <fmt/format.h>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::simulation {

Grant mailbox_grant_again(EmulatedWorld& world, const std::string& email) {
  const emulator::Response answer =
      world.call("POST", "/control/microsoft/tokens", fmt::format(R"({{"email":"{}"}})", email));
  emulator::Json tokens;
  emulator::parse_json(answer.body, tokens);
  const emulator::microsoft::Mailbox& mailbox = *world.provider.microsoft.find(email);
  Grant grant{email, mailbox.oid + "@" + mailbox.tenant, {}, {}, {}};
  grant.access_token = emulator::string_member(tokens, "access_token");
  grant.refresh_token = emulator::string_member(tokens, "refresh_token");
  grant.life = std::chrono::seconds(emulator::int_member(tokens, "expires_in").value_or(0));
  return grant;
}

Grant make_mailbox(EmulatedWorld& world, const std::string& email, bool personal,
                   const std::vector<std::string>& calendars) {
  world.call("POST", "/control/microsoft/accounts",
             fmt::format(R"({{"email":"{0}","name":"{0}","kind":"{1}"}})", email, personal ? "personal" : "work"));
  for (const std::string& name : calendars)
    world.call("POST", "/control/microsoft/calendars", fmt::format(R"({{"email":"{}","name":"{}"}})", email, name));
  return mailbox_grant_again(world, email);
}

bool entra_takes(EmulatedWorld& world, std::string_view refresh_token) {
  const emulator::microsoft::EntraRefresh* token = world.provider.microsoft.tokens.find_refresh(refresh_token);
  return token && token->dead_code == 0 && token->uses_left != 0 && token->expires_ms > emulator::now_ms();
}

}  // namespace calsync::simulation
