// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/api_process.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "api-server/gate_memory.hpp"
#include "common/store/gate_store.hpp"

namespace calsync::simulation {
namespace {

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// As webhook_routes answers.
int status_of(const std::vector<api::PushVerdict>& verdicts, int accepted) {
  const auto has = [&](api::PushVerdict one) {
    return std::find(verdicts.begin(), verdicts.end(), one) != verdicts.end();
  };
  if (verdicts.empty() || has(api::PushVerdict::woken) || has(api::PushVerdict::ignored)) return accepted;
  return has(api::PushVerdict::not_allowlisted) || has(api::PushVerdict::disabled) ? 403 : 401;
}

/// What a message of Graph says about the life of this channel.
std::string lifecycle_event(const std::string& body, const std::string& channel) {
  emulator::Json message;
  if (!emulator::parse_json(body, message) || !message.IsObject()) return {};
  const emulator::JsonValue* items = emulator::member(message, "value");
  if (!items || !items->IsArray()) return {};
  for (const auto& item : items->GetArray()) {
    if (item.IsObject() && emulator::string_member(item, "clientState").starts_with(channel + "."))
      if (const auto said = emulator::string_member(item, "lifecycleEvent"); !said.empty()) return std::string(said);
  }
  return {};
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
      gates_(process_.clock(), log_, database_->gates(), api::gate_component, api::watched_flags),
      intake_(process_.executor(), process_.clock(), database_->channels(), gate_),
      around_(around) {
  process_.on_crash(std::move(crashed));
  boost::asio::co_spawn(process_.executor(), record(*this, gate_), rethrow);
}

ApiProcess::~ApiProcess() { process_.kill(); }

void ApiProcess::set_gate(sync::GateSettings gate) {
  gate_ = gate;
  ++reloads_;
  boost::asio::co_spawn(process_.executor(), record(*this, std::move(gate)), rethrow);
}

/// As the server does it.
Task<void> ApiProcess::record(ApiProcess& self, sync::GateSettings gate) {
  co_await self.gates_.record(std::move(gate));
}

Task<PushReply> ApiProcess::answer(ApiProcess& self, const DuePush& push, std::vector<providers::PushItem>* taken) {
  if (!sync::ask(self.gate_, sync::Operation::receive_push)) co_return PushReply{403, {}, {}};
  const std::string path = push.address.substr(0, push.address.find('?'));
  const emulator::Query parts(path.size() < push.address.size() ? push.address.substr(path.size() + 1) : "");
  const providers::Adapter* adapter = self.registry_.find(path.substr(path.rfind('/') + 1));
  if (!adapter || !adapter->push_decoder) co_return PushReply{404, {}, {}};
  const auto header = [&](std::string_view name) -> std::string_view {
    for (const auto& [one, value] : push.headers) {
      if (one.size() == name.size() && std::equal(one.begin(), one.end(), name.begin(), [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) == b;
          }))
        return value;
    }
    return {};
  };
  const auto query = [&parts](std::string_view name) { return parts.get(name); };
  const auto decoded = adapter->push_decoder->decode({header, query, push.body});
  if (const auto* handshake = decoded ? std::get_if<providers::PushHandshake>(&*decoded) : nullptr)
    co_return PushReply{200, "text/plain; charset=utf-8", handshake->text};
  const auto* message = decoded ? std::get_if<providers::PushMessage>(&*decoded) : nullptr;
  if (!message) co_return PushReply{400, {}, {}};
  const int unchanged = self.reloads_;
  try {
    const std::vector<api::PushVerdict> verdicts = co_await self.intake_.accept(adapter->name, message->items);
    for (std::size_t at = 0; at < verdicts.size(); ++at) {
      if (verdicts[at] == api::PushVerdict::woken)
        taken->push_back(message->items[at]);
      else if (self.around_.push_passed_over && unchanged == self.reloads_)
        self.around_.push_passed_over(message->items[at], self.gate_);
    }
    co_return PushReply{status_of(verdicts, message->accepted), {}, {}};
  } catch (const db::DatabaseError&) {
    co_return PushReply{503, {}, {}};
  }
}

Task<void> ApiProcess::serve(ApiProcess& self, DuePush push, std::function<void(PushReply)> answered) {
  const Duration begun = self.process_.clock().monotonic();
  const std::string body = push.body;
  std::vector<providers::PushItem> taken;
  PushReply reply = co_await answer(self, push, &taken);
  if (reply.status / 100 == 2) {
    for (const providers::PushItem& item : taken)
      self.around_.push_taken(item, begun, lifecycle_event(body, item.channel_id));
  }
  answered(std::move(reply));
}

void ApiProcess::receive(DuePush push, std::function<void(PushReply)> answered) {
  boost::asio::co_spawn(process_.executor(), serve(*this, std::move(push), std::move(answered)), rethrow);
}

}  // namespace calsync::simulation
