// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "api_error.hpp"
#include "fault.hpp"
#include "list_fault.hpp"
#include "tests/emulator/microsoft/delta_fault.hpp"
#include "tests/emulator/microsoft/graph_fault.hpp"

namespace calsync::emulator {
namespace {

// These leave the call as it is and damage its answer.
constexpr std::array<std::string_view, 9> damaging{"slow",           "drop_mid_body",      "truncated",
                                                   "malformed_json", "wrong_content_type", "oversized",
                                                   "empty_body",     "half_body",          "wrong_not_modified"};
constexpr std::array<std::string_view, 23> replacing{"unauthorized",
                                                     "forbidden_rate",
                                                     "forbidden_user_rate",
                                                     "forbidden_quota",
                                                     "forbidden_daily",
                                                     "forbidden_scope",
                                                     "forbidden",
                                                     "access_not_configured",
                                                     "not_a_calendar_user",
                                                     "not_found",
                                                     "gone_full_sync",
                                                     "gone_updated_min",
                                                     "gone_deleted",
                                                     "too_many_requests",
                                                     "server_error",
                                                     "unavailable",
                                                     "gateway_timeout",
                                                     "bad_gateway_html",
                                                     "html",
                                                     "page_token_expired",
                                                     "conflict",
                                                     "precondition_failed",
                                                     "insufficient_storage"};
constexpr std::array<std::string_view, 4> special{"drop_before", "redirect", "invalid_grant", "invalid_client"};

template <std::size_t n>
bool among(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Response plain_fault(const Fault& fault, std::string_view rpc_method) {
  const std::string_view kind = fault.kind;
  if (kind == "unauthorized") return invalid_credentials();
  if (kind == "forbidden_rate") return usage_limit(403, "rateLimitExceeded", "Rate Limit Exceeded");
  if (kind == "forbidden_user_rate") return usage_limit(403, "userRateLimitExceeded", "User Rate Limit Exceeded");
  if (kind == "forbidden_quota") return usage_limit(403, "quotaExceeded", "Calendar usage limits exceeded.");
  if (kind == "forbidden_daily") return usage_limit(403, "dailyLimitExceeded", "Daily Limit Exceeded");
  if (kind == "forbidden_scope") return insufficient_scopes(rpc_method);
  if (kind == "forbidden") return api_error({403, "global", "forbidden", "Forbidden"});
  if (kind == "access_not_configured") return access_not_configured();
  if (kind == "not_a_calendar_user")
    return api_error({403, "calendar", "notACalendarUser", "The user must be signed up for Google Calendar."});
  if (kind == "not_found") return api_error(not_found());
  if (kind == "gone_full_sync") return api_error(full_sync_required());
  if (kind == "gone_updated_min") return api_error(updated_min_too_long_ago());
  if (kind == "gone_deleted") return api_error(deleted());
  if (kind == "too_many_requests") return usage_limit(429, "rateLimitExceeded", "Rate Limit Exceeded");
  if (kind == "page_token_expired")
    return api_error({400, "global", "invalid", "Invalid page token value.", "parameter", "pageToken"});
  if (kind == "conflict") return api_error({409, "global", "conflict", "Conflict"});
  if (kind == "precondition_failed") return api_error(precondition_failed());
  if (kind == "insufficient_storage") return api_error({507, "global", "backendError", "Insufficient Storage"});
  if (kind == "unavailable") return api_error({503, "global", "backendError", "Backend Error"});
  if (kind == "gateway_timeout") return api_error({504, "global", "backendError", "Backend Error"});
  if (kind == "bad_gateway_html")
    return html_response(502,
                         "<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title><p>The server "
                         "encountered a temporary error.</html>");
  if (kind == "html")
    return html_response(200, "<!DOCTYPE html><html><title>Sign in</title><p>This is no calendar.</html>");
  if (kind == "invalid_grant")
    return oauth_error(400, "invalid_grant",
                       fault.message.empty() ? "Token has been expired or revoked." : fault.message);
  if (kind == "invalid_client")
    return oauth_error(401, "invalid_client",
                       fault.message.empty() ? "The OAuth client was not found." : fault.message);
  if (kind == "redirect") return redirect_response(fault.location.empty() ? "/moved" : fault.location);
  if (kind == "drop_before") {
    Response response;
    response.delivery = Delivery::drop_before;
    return response;
  }
  return api_error({500, "global", "backendError", "Backend Error"});
}

}  // namespace

bool known_fault_kind(std::string_view kind) {
  return among(damaging, kind) || among(replacing, kind) || among(special, kind) || bends_list(kind) ||
         microsoft::bends_delta(kind) || microsoft::graph_fault_kind(kind);
}

bool replaces_answer(const Fault& fault) {
  return !among(damaging, fault.kind) && !bends_list(fault.kind) && !microsoft::bends_delta(fault.kind);
}

Response fault_answer(const Fault& fault, std::string_view rpc_method) {
  Response response = plain_fault(fault, rpc_method);
  if (!fault.retry_after.empty()) response.header("Retry-After", fault.retry_after);
  response.delay_ms = fault.delay_ms;
  return response;
}

void damage(const Fault& fault, Response& response) {
  response.delay_ms = fault.delay_ms;
  if (!fault.retry_after.empty()) response.header("Retry-After", fault.retry_after);
  if (fault.kind == "slow" && fault.delay_ms == 0) response.delay_ms = 1000;
  if (fault.kind == "drop_mid_body") response.delivery = Delivery::drop_mid_body;
  if (fault.kind == "truncated") response.delivery = Delivery::truncated;
  if (fault.kind == "oversized") response.delivery = Delivery::endless;
  if (fault.kind == "malformed_json") response.body = response.body.substr(0, response.body.size() / 2) + "\x01{]";
  if (fault.kind == "wrong_content_type") response.content_type = html_type;
  if (fault.kind == "empty_body") response.body.clear();
  if (fault.kind == "half_body") response.body.resize(response.body.size() / 2);
  if (fault.kind == "wrong_not_modified") response.status = 304;
}

}  // namespace calsync::emulator
