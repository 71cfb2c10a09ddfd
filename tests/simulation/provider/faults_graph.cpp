// SPDX-License-Identifier: Apache-2.0
// What Entra and Graph do to those who ask them, and what their notifications do.
#include <fmt/format.h>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view delta = "graph.calendarView.delta";

void graph(FaultContext& c, std::string_view kind, std::string_view members = {}) {
  constexpr std::string_view operations[] = {"graph.calendarView.delta", "graph.calendarView.delta",
                                             "graph.calendars.list",     "graph.event.get",
                                             "graph.event.instances",    ""};
  const std::string_view operation = c.dice.pick(operations);
  c.on(operation, kind, members, operation.empty() ? R"("path_prefix":"/graph/")" : "");
}

void later(FaultContext& c, std::string_view kind, std::string_view members = {}) {
  c.on(delta, kind, members, R"("sync_token":true)");
}

void revoke(FaultContext& c) {
  c.world.call("POST", "/control/microsoft/tokens/revoke",
               fmt::format(R"({{"email":"{}"}})", c.dice.pick(c.mailboxes()).email));
  c.note();
}

void expire_access(FaultContext& c) {
  c.world.call("POST", "/control/microsoft/tokens/expire-access", "{}");
  c.note();
}

void expire_deltas(FaultContext& c) {
  c.world.call("POST", "/control/microsoft/tokens/expire-delta", "{}");
  c.note();
}

emulator::microsoft::SubscriptionPtr open_subscription(FaultContext& c) {
  std::vector<emulator::microsoft::SubscriptionPtr> open;
  for (const auto& [id, row] : c.world.provider.microsoft.subscriptions.all())
    if (row->alive() && row->confirmed) open.push_back(row);
  return open.empty() ? nullptr : c.dice.pick(open);
}

void tell(FaultContext& c, std::string_view method, std::string_view order, const std::string& body) {
  const auto row = open_subscription(c);
  if (!row) return;
  c.world.call(method, fmt::format("/control/microsoft/subscriptions/{}{}", row->id, order), body);
  c.note();
}

/// Notifications that no change caused.
void notify(FaultContext& c, std::string_view members) {
  const auto row = open_subscription(c);
  if (!row) return;
  c.world.call("POST", "/control/microsoft/notifications",
               fmt::format(R"({{"subscription_ids":["{}"],{}}})", row->id, members));
  c.note();
}

/// Its channel is right, and its secret is not.
void forge(FaultContext& c) {
  const auto row = open_subscription(c);
  if (!row) return;
  const std::string channel = row->client_state.substr(0, row->client_state.find('.'));
  notify(c, fmt::format(R"("client_state":"{}.guessed","count":{})", channel, c.few()));
}

/// Of several answers that mean the same to a client, one.
void unavailable(FaultContext& c) {
  constexpr std::string_view kinds[] = {"server_error", "bad_gateway_html", "server_busy", "gateway_timeout"};
  graph(c, c.dice.pick(kinds));
}

void unreadable(FaultContext& c) {
  constexpr std::string_view kinds[] = {"html", "half_body", "malformed_json", "empty_body"};
  graph(c, c.dice.pick(kinds));
}

void no_token(FaultContext& c) {
  constexpr std::string_view kinds[] = {"unavailable", "html", "server_error", "too_many_requests"};
  const std::string_view kind = c.dice.pick(kinds);
  c.on("entra.token", kind, kind != "html" && c.dice.chance(0.5) ? R"("retry_after":60)" : "");
  c.world.call("POST", "/control/microsoft/tokens/expire-access", "{}");
}

void wrong_secret(FaultContext& c) {
  c.on("entra.token", "aadsts_7000222");
  c.world.call("POST", "/control/microsoft/tokens/expire-access", "{}");
}

void reset_delta(FaultContext& c) {
  constexpr std::string_view kinds[] = {"sync_state_not_found", "gone_with_location", "resync_required",
                                        "sync_state_invalid", "delta_token_invalid"};
  later(c, c.dice.pick(kinds));
}

void damage_item(FaultContext& c) {
  constexpr std::string_view kinds[] = {"null_etag",     "missing_etag", "nul_escape",   "lone_surrogate",
                                        "huge_number",   "huge_title",   "null_fields",  "deep_nesting",
                                        "missing_start", "missing_end",  "missing_type", "missing_uid",
                                        "bad_time",      "unknown_zone", "wrong_types",  "skewed_updated"};
  c.on(delta, c.dice.pick(kinds));
}

/// Who asks for a series that the delta has named reaches a replica which does not know it yet.
void lag_behind(FaultContext& c) {
  c.on(c.dice.chance(0.7) ? "graph.event.get" : "graph.event.instances", "not_found");
}

/// It is being moved, or its licence has lapsed for a while.
void mailbox_away(FaultContext& c) { c.on(c.dice.chance(0.5) ? delta : "graph.calendars.list", "mailbox_not_enabled"); }

/// One is ended, so that another is asked for.
void refuse_subscription(FaultContext& c) {
  const auto row = open_subscription(c);
  if (!row) return;
  c.on("graph.subscription.create", "server_error");
  c.world.call("POST", fmt::format("/control/microsoft/subscriptions/{}/lifecycle", row->id),
               R"({"event":"subscriptionRemoved"})");
}

/// Microsoft thinks that we answer slowly, and delivers ten minutes late.
void slow_receiver(FaultContext& c) {
  c.set("graph_slow_ms", "0", "3000", "");
  c.set("graph_health_answers", "2", "100", "");
  c.on_heal([&c] {
    const std::string health = c.world.call("GET", "/control/microsoft/notifications").body;
    if (health.find(R"("delayed":true)") != health.npos) c.note("notification_slow_receiver");
  });
}

/// Small calendars have one page, so each delta ends apart from its items meanwhile: that alone is not what is counted.
void refuse_second_page(FaultContext& c) {
  c.set("graph_empty_last_page", "true", "false", "");
  c.on(delta, "sync_state_not_found", {}, R"("page":2)");
}

constexpr ProviderFault faults[] = {
    {"graph_reset_before_answer", "network",
     [](FaultContext& c) { graph(c, "drop_before", R"("after_commit":true)"); }},
    {"graph_truncated", "network", [](FaultContext& c) { graph(c, "truncated"); }},
    {"graph_slow", "network", [](FaultContext& c) { graph(c, "slow", R"("delay_ms":20000)"); }},
    {"graph_401", "http", [](FaultContext& c) { graph(c, "unauthorized"); }},
    {"graph_claims_challenge", "http", [](FaultContext& c) { graph(c, "claims_challenge"); }},
    {"graph_403", "http", [](FaultContext& c) { c.on("graph.calendars.list", "forbidden"); }, true},
    {"graph_429", "http", [](FaultContext& c) { graph(c, "too_many_requests", R"("retry_after":90)"); }},
    {"graph_429_absent", "http", [](FaultContext& c) { graph(c, "mailbox_concurrency"); }},
    {"graph_concurrency", "http",
     [](FaultContext& c) { c.set("graph_mailbox_concurrency", "1", "4", "graph.calendarView.delta"); }},
    {"graph_503_retry_after", "http", [](FaultContext& c) { graph(c, "server_busy", R"("retry_after":120)"); }},
    {"graph_509", "http", [](FaultContext& c) { graph(c, "bandwidth_exceeded", R"("retry_after":240)"); }},
    {"graph_mailbox_away", "http", mailbox_away},
    {"graph_unavailable", "http", unavailable},
    {"graph_unreadable", "http", unreadable},
    {"graph_subscribe_500", "http", refuse_subscription},
    {"entra_unavailable", "http", no_token},
    {"delta_reset", "meaning", reset_delta},
    {"delta_damaged_item", "meaning", damage_item},
    {"entra_revoked", "http", revoke, true},
    {"entra_access_expires", "http", expire_access},
    {"entra_interaction", "http",
     [](FaultContext& c) { c.on("entra.token", "aadsts_50076", R"("times":-1,"for_ms":3600000)"); }, true},
    {"entra_client_secret", "http", wrong_secret, true},
    {"delta_all_expire", "meaning", expire_deltas},
    {"delta_stale_next_link", "meaning", refuse_second_page},
    {"delta_item_twice", "meaning", [](FaultContext& c) { c.on(delta, "item_twice"); }},
    {"delta_page_overlap", "meaning", [](FaultContext& c) { c.on(delta, "page_overlap"); }},
    {"delta_page_skip", "meaning", [](FaultContext& c) { c.on(delta, "page_skip"); }},
    {"delta_empty_page", "meaning", [](FaultContext& c) { c.on(delta, "empty_page"); }},
    {"delta_empty_last_page", "meaning", [](FaultContext& c) { c.on(delta, "empty_last_page"); }},
    {"delta_exception_first", "meaning", [](FaultContext& c) { c.on(delta, "exception_first"); }},
    {"delta_flapping_etag", "meaning", [](FaultContext& c) { c.on(delta, "flapping_etag"); }},
    {"delta_stale_replica", "meaning", [](FaultContext& c) { c.on(delta, "stale_replica"); }},
    {"delta_unknown_removed", "meaning", [](FaultContext& c) { c.on(delta, "unknown_removed"); }},
    {"delta_stub_without_master", "meaning", [](FaultContext& c) { c.on(delta, "stub_without_master"); }},
    {"delta_stub_of_no_series", "meaning", [](FaultContext& c) { c.on(delta, "stub_of_no_series"); }},
    {"delta_series_missing", "meaning", lag_behind},
    {"delta_late", "meaning", [](FaultContext& c) { c.set("graph_visibility_ms", "30000", "0", delta); }},
    {"delta_replays", "meaning", [](FaultContext& c) { c.set("graph_replayed_changes", "5", "0", delta); }},
    {"delta_few_generations", "meaning", [](FaultContext& c) { c.set("graph_delta_generations", "1", "64", delta); }},
    {"subscription_killed", "push", [](FaultContext& c) { tell(c, "POST", "/kill", "{}"); }},
    {"subscription_expired_early", "push", [](FaultContext& c) { tell(c, "PATCH", "", R"({"lifetime_ms":1000})"); }},
    {"subscription_reauthorize", "push",
     [](FaultContext& c) { tell(c, "POST", "/lifecycle", R"({"event":"reauthorizationRequired"})"); }},
    {"subscription_removed", "push",
     [](FaultContext& c) { tell(c, "POST", "/lifecycle", R"({"event":"subscriptionRemoved"})"); }},
    {"subscription_removed_silently", "push",
     [](FaultContext& c) { tell(c, "POST", "/lifecycle", R"({"event":"subscriptionRemoved","say":false})"); }},
    {"subscription_missed", "push", [](FaultContext& c) { tell(c, "POST", "/lifecycle", R"({"event":"missed"})"); }},
    {"notification_unprompted", "push", [](FaultContext& c) { notify(c, R"("count":5)"); }},
    {"notification_burst", "push", [](FaultContext& c) { notify(c, R"("count":300)"); }},
    {"notification_forged", "push", forge},
    {"notification_nonsense", "push",
     [](FaultContext& c) { notify(c, fmt::format(R"("client_state":"guessed","count":{})", c.few())); }},
    {"notification_slow_receiver", "push", slow_receiver},
};

}  // namespace

std::span<const ProviderFault> graph_faults() { return faults; }

}  // namespace calsync::simulation
