// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"

namespace calsync::api {
namespace {

Response refuse(const sync::Refusal& refusal) {
  if (refusal.flag) {
    return error_response(403, "calendar_sync_disabled", "Calendar sync is not enabled",
                          {{"flag", std::string(sync::flag_name(*refusal.flag))}});
  }
  return error_response(403, "not_allowlisted", "Calendar sync is not enabled");
}

}  // namespace

Admitted admit(const Services& services, sync::Operation operation, const OwnerId* owner,
               const ConnectionId* connection) {
  const sync::Answer answer = sync::ask(services.gate, operation, owner, connection);
  if (answer) return {answer.admission, {}};
  return {std::nullopt, refuse(answer.refusal)};
}

Task<FoundConnection> find_connection(const Services& services, std::string id_text) {
  FoundConnection found;
  if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) {
    found.refusal = flag.refusal;
    co_return found;
  }
  const auto id = ConnectionId::parse(id_text);
  if (id) found.view = co_await services.connections.find(*id);
  if (!found.view) {
    found.refusal = error_response(404, "not_found", "there is no such connection");
    co_return found;
  }
  const Admitted admitted =
      admit(services, sync::Operation::use_calendar, &found.view->facts.owner, &found.view->facts.connection);
  found.admission = admitted.admission;
  found.refusal = admitted.refusal;
  co_return found;
}

std::optional<std::vector<std::string>> listed_connections(const Services& services) {
  const sync::Allowlist& list = services.gate.connections;
  if (list.everybody) return std::nullopt;
  return std::vector<std::string>(list.ids.begin(), list.ids.end());
}

}  // namespace calsync::api
