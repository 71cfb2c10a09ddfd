// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/emulated_world.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"
#include "tests/emulator/recurrence.hpp"
#include "tests/emulator/seed.hpp"
#include "tests/simulation/provider/graph_account.hpp"

namespace calsync::simulation {
namespace {

std::int64_t milliseconds(Duration since_epoch) {
  return std::chrono::floor<std::chrono::milliseconds>(since_epoch).count();
}

std::string quoted(std::string_view text) {
  std::string out;
  emulator::append_quoted(out, text);
  return out;
}

}  // namespace

EmulatedWorld::EmulatedWorld(const Clock& clock, std::uint64_t seed)
    : provider({std::string(client_id), std::string(client_secret), {std::string(redirect_uri)}}),
      clock_(clock),
      start_(clock.now()),
      started_(clock.monotonic()) {
  emulator::quiet_recurrence_engine();
  emulator::reset_clock();
  emulator::set_time_source([this] { return milliseconds(now().time_since_epoch()); });
  emulator::seed_world(seed);
}

EmulatedWorld::~EmulatedWorld() {
  emulator::set_time_source(nullptr);
  emulator::seed_world(std::nullopt);
}

Time EmulatedWorld::now() const { return start_ + (clock_.monotonic() - started_); }

emulator::Response EmulatedWorld::try_call(std::string_view method, std::string_view target, std::string body,
                                           std::string_view access_token) {
  emulator::Request request;
  request.method = method;
  request.set_target(target);
  request.host = provider_origin.substr(provider_origin.find("//") + 2);
  request.content_type = "application/json";
  request.body = std::move(body);
  if (!access_token.empty()) request.authorization = "Bearer " + std::string(access_token);
  return emulator::Service(provider).answer(request);
}

emulator::Response EmulatedWorld::call(std::string_view method, std::string_view target, std::string body,
                                       std::string_view access_token) {
  emulator::Response response = try_call(method, target, std::move(body), access_token);
  if (response.status / 100 != 2)
    throw std::logic_error(fmt::format("{} {} is {}: {}", method, target, response.status, response.body));
  return response;
}

void EmulatedWorld::abandon(emulator::Wait wait) {
  if (wait.finish) abandoned_.emplace_back(now() + std::chrono::milliseconds(wait.timeout_ms), std::move(wait));
}

void EmulatedWorld::finish_abandoned() {
  std::erase_if(abandoned_, [this](auto& one) {
    const bool ready = one.second.ready();
    if (!ready && now() < one.first) return false;
    emulator::Response nobody_reads;
    one.second.finish(nobody_reads, !ready);
    return true;
  });
}

Grant grant_again(EmulatedWorld& world, const std::string& email) {
  if (world.provider.microsoft.find(email)) return mailbox_grant_again(world, email);
  const emulator::Response answer =
      world.call("POST", "/control/tokens", fmt::format(R"({{"email":{}}})", quoted(email)));
  emulator::Json tokens;
  emulator::parse_json(answer.body, tokens);
  Grant grant{email, world.provider.find_account(email)->sub, {}, {}, {}};
  grant.access_token = emulator::string_member(tokens, "access_token");
  grant.refresh_token = emulator::string_member(tokens, "refresh_token");
  grant.life = std::chrono::seconds(emulator::int_member(tokens, "expires_in").value_or(0));
  return grant;
}

Grant make_account(EmulatedWorld& world, const std::string& email, const std::vector<WantedCalendar>& calendars) {
  world.call("POST", "/control/accounts", fmt::format(R"({{"email":{}}})", quoted(email)));
  for (const WantedCalendar& wanted : calendars)
    world.call("POST", "/control/calendars",
               fmt::format(R"({{"email":{},"id":{},"summary":{},"timeZone":{},"accessRole":{}}})", quoted(email),
                           quoted(wanted.id), quoted(wanted.name), quoted(wanted.time_zone), quoted(wanted.role)));
  return grant_again(world, email);
}

}  // namespace calsync::simulation
