// SPDX-License-Identifier: Apache-2.0
#include "graph_fault.hpp"

#include <algorithm>
#include <array>

#include "delta_token.hpp"
#include "entra_error.hpp"
#include "graph_call.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::array<std::string_view, 14> kinds{
    "sync_state_not_found", "gone_with_location",  "resync_required",  "sync_state_invalid", "delta_token_invalid",
    "mailbox_concurrency",  "mailbox_not_enabled", "claims_challenge", "token_malformed",    "duplicate_transaction",
    "crossing_boundary",    "bandwidth_exceeded",  "server_busy",      "invalid_request"};

std::optional<int> aadsts_number(std::string_view kind) {
  if (!kind.starts_with("aadsts_")) return std::nullopt;
  const auto number = parse_integer(kind.substr(7));
  if (!number || !aad_error(static_cast<int>(*number))) return std::nullopt;
  return static_cast<int>(*number);
}

GraphError error_of(const Fault& fault, const Request& request) {
  const std::string_view kind = fault.kind;
  if (kind == "unauthorized") return invalid_token("Lifetime validation failed, the token is expired.");
  if (kind == "token_malformed") return invalid_token("IDX14100: JWT is not well formed, there are no dots (.).");
  if (kind == "claims_challenge") {
    GraphError error = invalid_token("Continuous access evaluation resulted in challenge.");
    error.headers =
        "WWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/"
        "authorize\", error=\"insufficient_claims\", "
        "claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ"
        "==\"\r\n";
    return error;
  }
  if (kind == "forbidden" || kind == "forbidden_scope" || kind == "access_not_configured") return access_denied();
  if (kind == "not_found" || kind == "gone_deleted") return item_not_found();
  if (kind == "mailbox_not_enabled" || kind == "not_a_calendar_user")
    return {404, "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise."};
  if (kind == "sync_state_not_found" || kind == "gone_full_sync") return sync_state_not_found(false);
  if (kind == "gone_with_location") return sync_state_not_found(false, reset_location(request));
  if (kind == "resync_required" || kind == "gone_updated_min")
    return {410, "resyncRequired", "Resync required. Replace any local items with the server's version."};
  if (kind == "sync_state_invalid") return {410, "SyncStateInvalid", "The sync state is invalid."};
  if (kind == "delta_token_invalid" || kind == "page_token_expired")
    return bad_request("InvalidDeltaToken", "The delta token is not valid.");
  if (kind == "too_many_requests" || kind == "mailbox_concurrency" || kind.starts_with("forbidden_"))
    return throttled(0, "MailboxConcurrency");
  if (kind == "conflict") return {409, "Conflict", "The request conflicts with the state of the resource."};
  if (kind == "duplicate_transaction")
    return {409, "ErrorDuplicateTransactionId",
            "Your request can't be completed. The TransactionId specified in the request has already been used to "
            "create a different event."};
  if (kind == "crossing_boundary")
    return bad_request("ErrorOccurrenceCrossingBoundary",
                       "Modified occurrence is crossing or overlapping adjacent occurrence.");
  if (kind == "invalid_request") return bad_request("ErrorInvalidRequest", "Your request can't be completed.");
  if (kind == "precondition_failed") return change_conflict();
  if (kind == "insufficient_storage") return {507, "ErrorQuotaExceeded", "The mailbox is full."};
  if (kind == "bandwidth_exceeded") return {509, "activityLimitReached", "The bandwidth limit is exceeded."};
  if (kind == "server_busy") return {503, "ErrorServerBusy", "The server is busy. Please try again later."};
  if (kind == "unavailable") return {503, "ServiceNotAvailable", "The service is temporarily unavailable."};
  if (kind == "gateway_timeout") return {504, "UnknownError", ""};
  return {500, "ErrorInternalServerError", "An internal server error occurred. The operation failed."};
}

std::optional<Response> plain(const Fault& fault) {
  if (fault.kind == "bad_gateway_html")
    return html_response(502, "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>");
  if (fault.kind == "html")
    return html_response(200, "<!DOCTYPE html><html><title>Sign in</title><p>This is no calendar.</html>");
  if (fault.kind == "redirect") return redirect_response(fault.location.empty() ? "/moved" : fault.location);
  if (fault.kind != "drop_before") return std::nullopt;
  Response response;
  response.delivery = Delivery::drop_before;
  return response;
}

Response finished(Response response, const Fault& fault) {
  if (!fault.retry_after.empty()) response.header("Retry-After", fault.retry_after);
  response.delay_ms = fault.delay_ms;
  return response;
}

}  // namespace

bool graph_fault_kind(std::string_view kind) {
  return std::ranges::find(kinds, kind) != kinds.end() || aadsts_number(kind).has_value();
}

Response graph_fault_answer(const Fault& fault, const Request& request, const RequestIds& ids) {
  if (auto response = plain(fault)) return finished(*std::move(response), fault);
  return finished(graph_error(error_of(fault, request), ids), fault);
}

Response entra_fault_answer(const Fault& fault) {
  if (auto response = plain(fault)) return finished(*std::move(response), fault);
  const std::string_view kind = fault.kind;
  const std::optional<int> number = aadsts_number(kind);
  const int code = number                        ? *number
                   : kind == "invalid_client"    ? 7000215
                   : kind == "invalid_grant"     ? 70000
                   : kind == "too_many_requests" ? 90055
                   : kind == "unavailable"       ? 90033
                   : kind == "server_error"      ? 90006
                                                 : 90024;
  Response response = entra_error(code, fault.message);
  if (kind == "gateway_timeout") response.status = 504;
  return finished(std::move(response), fault);
}

}  // namespace calsync::emulator::microsoft
