// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/scenarios/stage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>

namespace calsync::simulation {
namespace {

constexpr std::size_t most_members = 8;
constexpr std::size_t lines_shown = 60;

}  // namespace

Plan Stage::quiet_plan() {
  Plan plan;
  plan.seed = 1;
  plan.start = std::chrono::sys_days(std::chrono::year(2026) / 2 / 10) + 9h;
  plan.pushes = false;
  return plan;
}

Stage::Stage(Plan plan)
    : plan_(std::move(plan)),
      scheduler(plan_.start, plan_.seed, trace_),
      random_(plan_.seed + 1),
      provider(clock_, plan_.seed),
      database_faults(scheduler, random_.fork(), fired_),
      checks_(scheduler, provider, database, roster_),
      around_{scheduler,
              provider,
              database,
              database_faults,
              *this,
              [this](const std::string& process, std::string_view line) {
                trace_.explain(now(), process + " says " + std::string(line));
              },
              [this](const std::string& process, const sync::GateSettings& gate) { checks_.gate_set(process, gate); },
              [this](const providers::PushItem& item, Duration begun, std::string_view said) {
                checks_.push_accepted(item, begun, said);
              },
              [this](const providers::PushItem& item, const sync::GateSettings& gate) {
                checks_.push_passed_over(item, gate);
              }},
      owner_(random_uuid(random_)) {
  roster_.members.reserve(most_members);
  trace_.show([this](Duration at, std::string_view line) {
    story_.push_back(fmt::format("{:9.3f} {}", std::chrono::duration<double>(at).count(), line));
    if (story_.size() > lines_shown) story_.pop_front();
  });
  database.on_commit([this](const Commit& commit) {
    statements_.push_back({std::string(commit.statement), commit.origin, now()});
    if (judges_) checks_.committed(commit);
  });
  people.add_owner(owner_);
  order("POST", "/control/settings",
        fmt::format(R"({{"access_token_lifetime_seconds":{}}})", plan_.access_token_seconds));
}

Stage::~Stage() {
  workers_.clear();
  api_.reset();
}

Member& Stage::add(Member member) {
  if (roster_.members.size() == most_members) throw std::logic_error("the stage is full");
  roster_.members.push_back(std::move(member));
  connector_.connect(roster_.members.back(), key_ring(key_entry(1)));
  return roster_.members.back();
}

Member& Stage::add_account(const std::string& name, const std::vector<WantedCalendar>& calendars) {
  const Grant grant = make_account(provider, name + "@provider.sim", calendars);
  return add({owner_, "google", grant.subject, grant});
}

Member& Stage::add_feed(const std::string& name) {
  feeds_.push_back(std::make_unique<FeedAuthor>(provider, random_, name));
  return add({owner_, "ics", "feed:" + sha256_hex(feeds_.back()->url()), {}, feeds_.back().get()});
}

Start Stage::start_of(const std::string& name, int number) {
  return {name, settings_of(plan_, number), key_ring(key_entry(1)), sync::parse_gate(environment_), random_.next()};
}

void Stage::crashed(const std::string& process, std::exception_ptr why) {
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& error) {
    checks_.crashed(process, error.what());
  }
}

WorkerProcess& Stage::start_worker() {
  const std::string name = fmt::format("worker{}", workers_.size());
  workers_.push_back(std::make_unique<WorkerProcess>(around_, start_of(name, static_cast<int>(workers_.size())),
                                                     [this, name](std::exception_ptr why) { crashed(name, why); }));
  checks_.worker_born(name, workers_.back()->id(), workers_.back()->gate());
  return *workers_.back();
}

ApiProcess& Stage::start_api() {
  api_ = std::make_unique<ApiProcess>(around_, start_of("api", 0),
                                      [this](std::exception_ptr why) { crashed("api", why); });
  return *api_;
}

void Stage::order(std::string_view method, std::string_view target, std::string body) {
  provider.call(method, target, std::move(body));
}

void Stage::put_event(const Member& member, const std::string& calendar, const std::string& event) {
  order("POST", "/control/events",
        fmt::format(R"({{"email":"{}","calendar_id":"{}","event":{}}})", member.grant.email, calendar, event));
}

void Stage::set_environment(const std::string& name, const std::string& value) {
  environment_[name] = value;
  const sync::GateSettings gate = sync::parse_gate(environment_);
  for (auto& worker : workers_) worker->set_gate(gate);
  if (api_) api_->set_gate(gate);
}

void Stage::run(Duration how_long) {
  scheduler.run_until(now() + how_long);
  if (const auto& broken = checks_.violation())
    FAIL(fmt::format("{}: {}\n{}", broken->invariant, broken->what, fmt::join(story_, "\n")));
}

bool Stage::run_until(const std::function<bool()>& condition, Duration limit) {
  for (const Duration end = now() + limit; !condition(); run(5ms)) {
    if (now() >= end) return false;
  }
  return true;
}

bool Stage::run_ended(const Member& member, Duration limit) {
  const std::int64_t claims = row(member).lease_token + (row(member).lease_until ? 0 : 1);
  return run_until([&] { return row(member).lease_token >= claims && !row(member).lease_until; }, limit);
}

std::string Stage::out_of_step(Duration limit) {
  const Comparison comparison(provider, database, true);
  std::string why;
  const auto all = [&] {
    return std::ranges::all_of(roster_.members, [&](const Member& one) { return comparison.in_step(one, &why); });
  };
  return run_until(all, limit) ? "" : fmt::format("{}\n{}", why, fmt::join(story_, "\n"));
}

const EventRow* Stage::event(const Member& member, const std::string& calendar, const std::string& id) const {
  const EventRow* found = database.tables().events.find({member.connection, calendar, id});
  return found && !found->deleted_at ? found : nullptr;
}

int Stage::calls_since(Duration then, std::string_view operation) const {
  return static_cast<int>(std::ranges::count_if(calls_, [&](const MadeCall& one) {
    return one.started >= then && (operation.empty() || one.operation == operation);
  }));
}

std::uint64_t Stage::call_starts(const std::string& process, const net::HttpRequest& request) {
  const std::uint64_t number = checks_.call_starts(process, request);
  const std::string operation(request.operation.text());
  open_calls_[number] = calls_.size();
  calls_.push_back({process, operation, request.url, now()});
  const auto [first, last] = at_calls_.equal_range(operation);
  for (auto at = first; at != last; ++at) scheduler.after(0s, at->second);
  at_calls_.erase(first, last);
  return number;
}

void Stage::call_ends(std::uint64_t call, const Result<net::HttpResponse>& answer) {
  checks_.call_ends(call, answer);
  const auto open = open_calls_.extract(call);
  if (open.empty()) return;
  calls_[open.mapped()].ended = now();
  calls_[open.mapped()].status = answer ? answer->status : 0;
}

}  // namespace calsync::simulation
