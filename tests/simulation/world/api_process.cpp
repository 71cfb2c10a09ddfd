// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/api_process.hpp"

#include <boost/asio/co_spawn.hpp>

#include "common/store/gate_store.hpp"

namespace calsync::simulation {
namespace {

const std::set<sync::Flag> watched_flags{sync::Flag::webhook};

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// As webhook_routes answers.
int status_of(api::PushVerdict verdict) {
  switch (verdict) {
    case api::PushVerdict::woken:
    case api::PushVerdict::ignored:
      return 200;
    case api::PushVerdict::forged:
      return 401;
    case api::PushVerdict::not_allowlisted:
    case api::PushVerdict::disabled:
      return 403;
  }
  return 500;
}

}  // namespace

ApiProcess::ApiProcess(Surroundings& around, Start start, std::function<void(std::exception_ptr)> crashed)
    : process_(around.scheduler, start.name),
      random_(start.seed),
      log_(process_.clock(), Level::debug,
           [&around, name = start.name](std::string_view line) { around.log(name, line); }),
      link_(process_, around.database_faults),
      database_(around.database.api(link_)),
      transport_(process_.clock(), around.provider, random_),
      registry_(providers::registry_settings(start.settings), transport_, process_.clock(), metrics_),
      gate_(start.gate),
      intake_(process_.executor(), process_.clock(), database_->channels(), gate_),
      around_(around) {
  process_.on_crash(std::move(crashed));
  boost::asio::co_spawn(process_.executor(), record(*this, gate_), rethrow);
}

ApiProcess::~ApiProcess() { process_.kill(); }

void ApiProcess::set_gate(sync::GateSettings gate) {
  gate_ = gate;
  boost::asio::co_spawn(process_.executor(), record(*this, std::move(gate)), rethrow);
}

/// As the server does it.
Task<void> ApiProcess::record(ApiProcess& self, sync::GateSettings gate) {
  co_await store::until_marked(
      self.process_.clock(), self.log_,
      [&]() -> Task<void> { co_await store::record_gate(self.database_->gates(), "api-server", gate, watched_flags); },
      [&self, mine = ++self.gates_set_] { return self.gates_set_ != mine; });
}

Task<int> ApiProcess::answer(ApiProcess& self, const DuePush& push, std::vector<providers::PushItem>* taken) {
  if (!sync::ask(self.gate_, sync::Operation::receive_push)) co_return 403;
  const std::size_t slash = push.address.rfind('/');
  const providers::Adapter* adapter = self.registry_.find(push.address.substr(slash + 1));
  if (!adapter || !adapter->push_decoder) co_return 404;
  const auto header = [&](std::string_view name) -> std::string_view {
    for (const auto& [one, value] : push.headers) {
      if (one.size() == name.size() && std::equal(one.begin(), one.end(), name.begin(), [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) == b;
          }))
        return value;
    }
    return {};
  };
  const auto decoded = adapter->push_decoder->decode({header, [](std::string_view) { return std::string_view(); }, {}});
  const auto* message = decoded ? std::get_if<providers::PushMessage>(&*decoded) : nullptr;
  if (!message) co_return 400;
  try {
    const std::vector<api::PushVerdict> verdicts = co_await self.intake_.accept(adapter->name, message->items);
    int status = 200;
    for (std::size_t at = 0; at < verdicts.size(); ++at) {
      if (verdicts[at] == api::PushVerdict::woken) taken->push_back(message->items[at]);
      status = std::max(status, status_of(verdicts[at]));
    }
    co_return status;
  } catch (const db::DatabaseError&) {
    co_return 503;
  }
}

Task<void> ApiProcess::serve(ApiProcess& self, DuePush push, std::function<void(int)> answered) {
  const Duration begun = self.process_.clock().monotonic();
  std::vector<providers::PushItem> taken;
  const int status = co_await answer(self, push, &taken);
  if (status == 200) {
    for (const providers::PushItem& item : taken) self.around_.push_taken(item.channel_id, item.token, begun);
  }
  answered(status);
}

void ApiProcess::receive(DuePush push, std::function<void(int)> answered) {
  boost::asio::co_spawn(process_.executor(), serve(*this, std::move(push), std::move(answered)), rethrow);
}

}  // namespace calsync::simulation
