// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/emulator/clock.hpp"
#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view family = "http";

void expire_access_tokens(FaultContext& c) {
  c.world.call("POST", "/control/tokens/expire-access", "{}");
  c.note();
}

/// Somebody asks soon, since no access token is good any more.
void token_throttled(FaultContext& c) {
  c.on("token", c.dice.chance(0.5) ? "too_many_requests" : "unavailable", R"("retry_after":75)");
  c.world.call("POST", "/control/tokens/expire-access", "{}");
}

void revoke_grant(FaultContext& c) {
  c.world.call("POST", "/control/tokens/revoke", fmt::format(R"({{"email":"{}"}})", c.dice.pick(c.accounts()).email));
  c.note();
}

/// Until it is healed each refresh answers with another refresh token; the one before works for another hour.
void rotate_refresh_tokens(FaultContext& c) {
  c.set("rotated_token_grace_seconds", "3600", "0", "");
  c.set("rotate_refresh_tokens", "true", "false", "token");
}

void retry_after_date(FaultContext& c) {
  const std::int64_t later = emulator::now_ms() / 1000 + c.dice.between(30, 600);
  c.api("too_many_requests", fmt::format(R"("retry_after":"{}")", emulator::http_date(later)));
}

constexpr ProviderFault faults[] = {
    {"unauthorized_401", family, [](FaultContext& c) { c.api("unauthorized"); }},
    {"access_tokens_expire", family, expire_access_tokens},
    {"invalid_grant_once", family, [](FaultContext& c) { c.on("token", "invalid_grant"); }, true},
    {"grant_revoked", family, revoke_grant, true},
    {"invalid_client", family, [](FaultContext& c) { c.on("token", "invalid_client"); }, true},
    {"token_endpoint_503", family, [](FaultContext& c) { c.on("token", "unavailable"); }},
    {"token_endpoint_429", family, token_throttled},
    {"token_endpoint_html", family, [](FaultContext& c) { c.on("token", "html"); }},
    {"rotated_refresh_token", family, rotate_refresh_tokens},
    {"rate_403", family, [](FaultContext& c) { c.api("forbidden_rate"); }},
    {"user_rate_403", family, [](FaultContext& c) { c.api("forbidden_user_rate"); }},
    {"quota_403", family, [](FaultContext& c) { c.api("forbidden_quota"); }},
    {"daily_limit_403", family, [](FaultContext& c) { c.api("forbidden_daily"); }},
    {"scope_403", family, [](FaultContext& c) { c.api("forbidden_scope"); }, true},
    {"access_not_configured_403", family, [](FaultContext& c) { c.api("access_not_configured"); }, true},
    {"forbidden_403", family, [](FaultContext& c) { c.api("forbidden"); }},
    {"not_found_404", family, [](FaultContext& c) { c.on("calendarList.list", "not_found"); }},
    {"conflict_409", family, [](FaultContext& c) { c.api("conflict"); }},
    {"gone_410", family, [](FaultContext& c) { c.api("gone_full_sync"); }},
    {"precondition_412", family, [](FaultContext& c) { c.api("precondition_failed"); }},
    {"too_many_429_seconds", family, [](FaultContext& c) { c.api("too_many_requests", R"("retry_after":90)"); }},
    {"too_many_429_date", family, retry_after_date},
    {"too_many_429_absent", family, [](FaultContext& c) { c.api("too_many_requests"); }},
    {"too_many_429_absurd", family,
     [](FaultContext& c) { c.api("too_many_requests", R"("retry_after":"99999999999999999999")"); }},
    {"too_many_429_nonsense", family, [](FaultContext& c) { c.api("too_many_requests", R"("retry_after":"soon")"); }},
    {"server_error_500", family, [](FaultContext& c) { c.api("server_error"); }},
    {"bad_gateway_html_502", family, [](FaultContext& c) { c.api("bad_gateway_html"); }},
    {"unavailable_503", family, [](FaultContext& c) { c.api("unavailable"); }},
    {"unavailable_503_retry_after", family, [](FaultContext& c) { c.api("unavailable", R"("retry_after":300)"); }},
    {"gateway_timeout_504", family, [](FaultContext& c) { c.api("gateway_timeout"); }},
    {"insufficient_storage_507", family, [](FaultContext& c) { c.api("insufficient_storage"); }},
    {"wrong_content_type", family, [](FaultContext& c) { c.api("wrong_content_type"); }},
    {"html_200", family, [](FaultContext& c) { c.api("html"); }},
    {"malformed_json", family, [](FaultContext& c) { c.api("malformed_json"); }},
    {"half_json", family, [](FaultContext& c) { c.api("half_body"); }},
    {"oversized", family, [](FaultContext& c) { c.api("oversized"); }},
    {"empty_200", family, [](FaultContext& c) { c.api("empty_body"); }},
    {"watch_refused_500", family, [](FaultContext& c) { c.on("events.watch", "server_error"); }},
    {"stop_refused_404", family, [](FaultContext& c) { c.on("channels.stop", "not_found"); }},
    {"feed_500", family, [](FaultContext& c) { c.feed("server_error"); }},
    {"feed_429", family, [](FaultContext& c) { c.feed("too_many_requests", R"("retry_after":120)"); }},
    {"feed_404", family, [](FaultContext& c) { c.feed("not_found"); }},
    {"feed_html", family, [](FaultContext& c) { c.feed("html"); }},
    {"feed_empty", family, [](FaultContext& c) { c.feed("empty_body"); }},
    {"feed_half", family, [](FaultContext& c) { c.feed("half_body"); }},
    {"feed_oversized", family, [](FaultContext& c) { c.feed("oversized"); }},
    {"feed_wrong_304", family, [](FaultContext& c) { c.feed("wrong_not_modified"); }},
};

}  // namespace

std::span<const ProviderFault> http_faults() { return faults; }

}  // namespace calsync::simulation
