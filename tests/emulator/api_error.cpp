// SPDX-License-Identifier: Apache-2.0
#include "api_error.hpp"

#include <fmt/format.h>

#include "json.hpp"

namespace calsync::emulator {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

Response front_end(unsigned status, std::string_view status_name, std::string_view message, std::string_view error_item,
                   std::string_view details) {
  std::string body = fmt::format(
      "{{\n  \"error\": {{\n    \"code\": {},\n    \"message\": {},\n    \"errors\": [\n      {}\n    ],\n    "
      "\"status\": \"{}\"",
      status, quoted(message), error_item, status_name);
  if (!details.empty()) body += fmt::format(",\n    \"details\": [\n      {}\n    ]", details);
  body += "\n  }\n}\n";
  return json_response(status, std::move(body));
}

}  // namespace

Response api_error(const ApiError& error) {
  std::string item = fmt::format("   {{\n    \"domain\": \"{}\",\n    \"reason\": \"{}\",\n    \"message\": {}",
                                 error.domain, error.reason, quoted(error.message));
  if (!error.location.empty())
    item += fmt::format(",\n    \"locationType\": \"{}\",\n    \"location\": {}", error.location_type,
                        quoted(error.location));
  return json_response(
      error.status,
      fmt::format("{{\n \"error\": {{\n  \"errors\": [\n{}\n   }}\n  ],\n  \"code\": {},\n  \"message\": {}\n }}\n}}\n",
                  item, error.status, quoted(error.message)));
}

ApiError invalid_parameter(std::string name, std::string message) {
  return {400, "global", "invalidParameter", std::move(message), "parameter", std::move(name)};
}
ApiError missing_field(std::string message) { return {400, "global", "required", std::move(message)}; }
ApiError invalid_value(std::string message) { return {400, "global", "invalid", std::move(message)}; }
ApiError bad_request(std::string message) { return {400, "global", "badRequest", std::move(message)}; }
ApiError not_found() { return {404, "global", "notFound", "Not Found"}; }
ApiError deleted() { return {410, "global", "deleted", "Resource has been deleted"}; }
ApiError duplicate_id() { return {409, "global", "duplicate", "The requested identifier already exists."}; }
ApiError full_sync_required() {
  return {410,         "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.",
          "parameter", "syncToken"};
}
ApiError updated_min_too_long_ago() {
  return {410,
          "calendar",
          "updatedMinTooLongAgo",
          "The requested minimum modification time lies too far in the past.",
          "parameter",
          "updatedMin"};
}
ApiError precondition_failed() {
  return {412, "global", "conditionNotMet", "Precondition Failed", "header", "If-Match"};
}
ApiError time_range_empty() {
  return {400, "calendar", "timeRangeEmpty", "The specified time range is empty.", "parameter", "timeMax"};
}

Response missing_credentials() {
  Response response = front_end(
      401, "UNAUTHENTICATED",
      "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
      "valid "
      "authentication credential.",
      R"({"message": "Login Required.", "domain": "global", "reason": "required", "location": "Authorization", "locationType": "header"})",
      R"({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "CREDENTIALS_MISSING", "domain": "googleapis.com", "metadata": {"service": "calendar-json.googleapis.com"}})");
  response.header("WWW-Authenticate", R"(Bearer realm="https://accounts.google.com/")");
  return response;
}

Response invalid_credentials() {
  Response response = front_end(
      401, "UNAUTHENTICATED",
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
      "authentication credential.",
      R"({"message": "Invalid Credentials", "domain": "global", "reason": "authError", "location": "Authorization", "locationType": "header"})",
      R"({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.com", "metadata": {"service": "calendar-json.googleapis.com"}})");
  response.header("WWW-Authenticate", R"(Bearer realm="https://accounts.google.com/", error="invalid_token")");
  return response;
}

Response insufficient_scopes(std::string_view rpc_method) {
  const std::string details = fmt::format(
      R"({{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com", "metadata": {{"service": "calendar-json.googleapis.com", "method": "{}"}}}})",
      rpc_method);
  Response response = front_end(
      403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
      R"({"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"})", details);
  response.header("WWW-Authenticate", R"(Bearer realm="https://accounts.google.com/", error="insufficient_scope")");
  return response;
}

Response access_not_configured() {
  constexpr std::string_view message =
      "Google Calendar API has not been used in project 123456789012 before or it is disabled.";
  return front_end(
      403, "PERMISSION_DENIED", message,
      fmt::format(R"({{"message": "{}", "domain": "usageLimits", "reason": "accessNotConfigured"}})", message),
      R"({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": {"service": "calendar-json.googleapis.com", "consumer": "projects/123456789012"}})");
}

Response usage_limit(unsigned status, std::string_view reason, std::string_view message) {
  return api_error({status, "usageLimits", reason, std::string(message)});
}

Response oauth_error(unsigned status, std::string_view error, std::string_view description) {
  Response response = json_response(
      status, fmt::format("{{\n  \"error\": {},\n  \"error_description\": {}\n}}", quoted(error), quoted(description)));
  response.header("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
  return response;
}

}  // namespace calsync::emulator
