// SPDX-License-Identifier: Apache-2.0
#include "graph_error.hpp"

#include <fmt/format.h>

#include "mailbox.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::emulator::microsoft {

RequestIds ids_of(const Request& request) {
  RequestIds ids;
  ids.request_id = random_guid();
  const std::string& sent = request.client_request_id;
  ids.client_request_id = sent.empty() || sent.find_first_of("\r\n") != sent.npos ? ids.request_id : sent;
  return ids;
}

void add_graph_headers(Response& response, const RequestIds& ids) {
  response.header("Cache-Control", "private");
  response.header("Strict-Transport-Security", "max-age=31536000");
  response.header("request-id", ids.request_id);
  response.header("client-request-id", ids.client_request_id);
  response.header(
      "x-ms-ags-diagnostic",
      R"({"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"EM000001"}})");
}

Response graph_json(unsigned status, std::string body) {
  Response response = json_response(status, std::move(body));
  response.content_type =
      "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8";
  return response;
}

Response graph_error(const GraphError& error, const RequestIds& ids) {
  std::string body = R"({"error":)";
  {
    ObjectWriter object(body);
    object.text("code", error.code);
    object.text("message", error.message);
    object.members(error.members);
    ObjectWriter inner(object.key("innerError"));
    inner.text("date", rfc3339_ms(now_ms()).substr(0, 19));
    inner.text("request-id", ids.request_id);
    inner.text("client-request-id", ids.client_request_id);
  }
  Response response = json_response(error.status, body + "}");
  response.content_type = "application/json";
  response.headers = error.headers;
  add_graph_headers(response, ids);
  return response;
}

GraphError item_not_found() { return {404, "ErrorItemNotFound", "The specified object was not found in the store."}; }
GraphError malformed_id() { return {400, "ErrorInvalidIdMalformed", "Id is malformed."}; }
GraphError access_denied() { return {403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."}; }
GraphError bad_request(std::string code, std::string message) { return {400, std::move(code), std::move(message)}; }

GraphError invalid_token(std::string message) {
  return {401, "InvalidAuthenticationToken", std::move(message),
          "WWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/"
          "authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"\r\n"};
}

GraphError unsupported_zone(std::string_view name) {
  return bad_request("TimeZoneNotSupportedException",
                     fmt::format("A valid TimeZone value must be specified. The following TimeZone value is not "
                                 "supported: '{}'.",
                                 name));
}

GraphError change_conflict() {
  return {412, "ErrorIrresolvableConflict",
          "The send or update operation could not be performed because the change key passed in the request does not "
          "match the current change key for the item."};
}

GraphError throttled(std::int64_t retry_after_seconds, std::string_view limit) {
  GraphError error{429, "ApplicationThrottled", fmt::format("Application is over its {} limit.", limit)};
  if (retry_after_seconds > 0) error.headers = fmt::format("Retry-After: {}\r\n", retry_after_seconds);
  return error;
}

GraphError sync_state_not_found(bool camel, std::string location) {
  GraphError error{410, camel ? "syncStateNotFound" : "SyncStateNotFound",
                   "The sync state generation is not found; generation=149;[highest=157][157][155][156]."};
  if (!location.empty()) error.headers = "Location: " + location + "\r\n";
  return error;
}

}  // namespace calsync::emulator::microsoft
