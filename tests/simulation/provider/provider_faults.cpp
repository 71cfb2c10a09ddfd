// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/provider_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  emulator::append_quoted(out, text);
  return out;
}

std::string comma(std::string_view members) { return members.empty() ? std::string() : "," + std::string(members); }

}  // namespace

std::span<const ProviderFault> provider_faults() {
  static const std::vector<ProviderFault> all = [] {
    std::vector<ProviderFault> faults;
    for (const auto family : {network_faults(), http_faults(), meaning_faults(), push_faults()})
      faults.insert(faults.end(), family.begin(), family.end());
    return faults;
  }();
  return all;
}

const ProviderFault& provider_fault(std::string_view name) {
  const auto found = std::ranges::find(provider_faults(), name, &ProviderFault::name);
  if (found == provider_faults().end()) throw std::invalid_argument("no such fault: " + std::string(name));
  return *found;
}

FaultContext::FaultContext(EmulatedWorld& made_world, Random& random, std::vector<Grant> accounts,
                           std::vector<std::string> feeds)
    : world(made_world), dice(random), accounts_(std::move(accounts)), feeds_(std::move(feeds)) {
  constexpr std::int64_t versions = 64;
  world.provider.settings.kept_versions = versions;
}

void FaultContext::arm(const ProviderFault& fault) {
  current_ = fault.name;
  fault.arm(*this);
}

void FaultContext::heal() {
  past_ = fired();
  orders_.clear();
  troubles_.clear();
  settings_.clear();
  world.provider.faults.clear();
  world.provider.push.faults.clear();
  world.network.clear();
  for (const auto& undo : undo_) undo();
  undo_.clear();
}

std::map<std::string, int> FaultContext::fired() const {
  std::map<std::string, int> sum = past_;
  for (const Order& one : orders_)
    if (const std::uint64_t times = fired_of(one); times > 0) sum[one.name] += static_cast<int>(times);
  for (const Setting& one : settings_) {
    emulator::CallFilter calls;
    calls.since = one.since;
    calls.operation = one.operation;
    if (world.provider.calls.count(calls) > 0) ++sum[one.name];
  }
  for (const auto& [name, trouble] : troubles_)
    if (trouble->fired > 0) sum[name] += trouble->fired;
  return sum;
}

std::uint64_t FaultContext::fired_of(const Order& one) const {
  if (one.board == Board::calls) {
    const emulator::Fault* fault = world.provider.faults.find(one.id);
    return fault ? fault->fired : 0;
  }
  const emulator::PushFault* fault = world.provider.push.faults.find(one.id);
  return fault ? fault->fired : 0;
}

void FaultContext::order(std::string_view target, Board board, std::string body) {
  const emulator::Response answer = world.call("POST", target, std::move(body));
  emulator::Json made;
  emulator::parse_json(answer.body, made);
  orders_.push_back({current_, board, static_cast<std::uint64_t>(emulator::int_member(made, "id").value_or(0))});
}

FaultContext::Spot FaultContext::spot(bool secondary) {
  std::vector<Spot> spots;
  for (const Grant& grant : accounts_) {
    const emulator::Account* account = world.provider.find_account(grant.email);
    if (!account) continue;
    for (const auto& entry : account->entries())
      if (!entry->deleted && !(secondary && entry->calendar->primary))
        spots.push_back({grant.email, entry->calendar->id});
  }
  return spots.empty() ? Spot() : dice.pick(spots);
}

void FaultContext::network(Trouble trouble) {
  std::vector<std::string> parts{"", "/events", "/calendarList", "/token", "/calendar/v3/"};
  if (!feeds_.empty()) parts.emplace_back("/feeds/");
  NetworkFault fault{trouble, dice.pick(parts), few(), world.now() + life_};
  fault.slowness = std::chrono::seconds(dice.between(2, 50));
  troubles_.emplace_back(current_, &world.network.order(std::move(fault)));
}

void FaultContext::feed_network(Trouble trouble) {
  if (feeds_.empty()) return;
  troubles_.emplace_back(current_, &world.network.order({trouble, "/feeds/", few(), world.now() + life_}));
}

void FaultContext::api(std::string_view kind, std::string_view members) {
  constexpr std::string_view operations[] = {"events.list", "events.list", "calendarList.list", ""};
  const std::string_view operation = dice.pick(operations);
  on(operation, kind, members, operation.empty() ? R"("path_prefix":"/calendar/v3/")" : "");
}

void FaultContext::on(std::string_view operation, std::string_view kind, std::string_view members,
                      std::string_view match) {
  std::string where = operation.empty() ? std::string() : R"("operation":)" + quoted(operation);
  if (!match.empty()) where += where.empty() ? std::string(match) : comma(match);
  order("/control/faults", Board::calls,
        fmt::format(R"({{"kind":"{}","match":{{{}}},"times":{},"for_ms":{}{}}})", kind, where, few(),
                    life_ / std::chrono::milliseconds(1), comma(members)));
}

void FaultContext::list(std::string_view kind, std::string_view members, std::string_view match) {
  const Spot at = spot();
  std::string where = at.email.empty() || dice.chance(0.5)
                          ? std::string()
                          : fmt::format(R"("account":{},"calendar_id":{})", quoted(at.email), quoted(at.calendar_id));
  if (!match.empty()) where += where.empty() ? std::string(match) : comma(match);
  on("events.list", kind, members, where);
}

void FaultContext::feed(std::string_view kind, std::string_view members) {
  if (feeds_.empty()) return;
  on("feed", kind, members, R"("calendar_id":)" + quoted(dice.pick(feeds_)));
}

void FaultContext::push(std::string_view kind, std::string_view members) {
  order("/control/push/faults", Board::messages,
        fmt::format(R"({{"kind":"{}","times":{},"for_ms":{}{}}})", kind, few(), life_ / std::chrono::milliseconds(1),
                    comma(members)));
}

void FaultContext::set(std::string_view name, std::string_view value, std::string_view before,
                       std::string_view operation) {
  world.call("POST", "/control/settings", fmt::format(R"({{"{}":{}}})", name, value));
  on_heal(
      [this, order = fmt::format(R"({{"{}":{}}})", name, before)] { world.call("POST", "/control/settings", order); });
  if (!operation.empty()) settings_.push_back({current_, std::string(operation), world.provider.calls.last()});
}

}  // namespace calsync::simulation
