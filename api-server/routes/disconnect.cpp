// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/disconnect.hpp"

#include "common/base/json.hpp"
#include "common/store/revocation_context.hpp"

namespace calsync::api {
namespace {

constexpr std::chrono::seconds provider_time{10};
/// Only a worker may stop push channels, and only before the grant is revoked; this is how long the caller waits for
/// it.
constexpr std::chrono::seconds worker_time{5};
constexpr std::chrono::milliseconds look_again{50};

/// The token whose revocation ends the grant, "" = there is none.
Secret grant_of(const Result<store::Credentials>& credentials) {
  if (!credentials) return {};
  for (const char* kind : {"refresh_token", "access_token"}) {
    const auto found = credentials->find(kind);
    if (found != credentials->end()) return found->second;
  }
  return {};
}

Response report(const store::Holdings& holdings, bool revoked, std::string_view revocation) {
  json::Writer writer;
  writer.begin_object().put("success", true).key("deleted").begin_object();
  writer.put("events", holdings.events)
      .put("calendars", holdings.calendars)
      .put("channels", holdings.channels)
      .end_object();
  writer.put("revoked", revoked).put("revocation", revocation).end_object();
  return json_response(200, writer.text());
}

Task<Result<void>> revoked_by_worker(const Services& services, std::string revocation) {
  const Deadline limit(services.clock, worker_time);
  while (!limit.passed(services.clock)) {
    if (!co_await services.connections.revocation_waits(revocation)) co_return Result<void>();
    co_await services.clock.sleep(look_again);
  }
  co_return fail(Failure::timeout, "a worker stops the account's push channels first");
}

}  // namespace

Task<Response> disconnect(const Services& services, sync::Admission admission, store::ConnectionView connection,
                          store::Author author) {
  const LogFields fields{.provider_id = connection.facts.owner.str(),
                         .connection_id = connection.facts.connection.str(),
                         .provider = connection.provider};
  const providers::Adapter* adapter = services.registry.find(connection.provider);
  const Result<store::Credentials> credentials = co_await services.connections.credentials_of(connection);
  const Secret token = grant_of(credentials);
  const std::string revocation = random_uuid(services.random);
  std::optional<std::pair<std::string, std::string>> queued;
  if (!token.empty() && adapter && adapter->authorizer) {
    const SealContext context =
        store::revocation_context(revocation, connection.facts.owner.str(), connection.provider);
    queued.emplace(revocation, services.keys.seal(token, context, services.random));
  }
  const bool revocable = queued.has_value();
  const store::Holdings holdings =
      co_await services.connections.erase(admission, connection, std::move(queued), std::move(author));
  // Google revokes per account and project: another connection of the same account would die with this one.
  if (!revocable || holdings.shared) {
    services.log.info("a connection was disconnected", fields);
    co_return report(holdings, false, token.empty() ? "not_needed" : holdings.shared ? "shared" : "not_configured");
  }
  const Result<void> revoked =
      holdings.channels > 0 ? co_await revoked_by_worker(services, revocation)
                            : co_await adapter->authorizer->revoke(token, Deadline(services.clock, provider_time));
  if (revoked) co_await services.connections.revocation_done(revocation);
  LogFields outcome = fields;
  if (!revoked) outcome.metadata.emplace_back("revocation", "queued: " + describe(revoked.error()));
  services.log.info("a connection was disconnected", outcome);
  co_return report(holdings, static_cast<bool>(revoked), revoked ? "done" : "queued");
}

}  // namespace calsync::api
