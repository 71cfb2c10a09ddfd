// SPDX-License-Identifier: Apache-2.0
// Graph's refusals ("Microsoft Graph error responses and resource types").
#pragma once

#include <string>

#include "tests/emulator/http_message.hpp"

namespace calsync::emulator::microsoft {

// The names that one request has on both sides.
struct RequestIds {
  std::string request_id, client_request_id;
};
RequestIds ids_of(const Request& request);

// Thrown by handlers.
struct GraphError {
  unsigned status = 400;
  std::string code, message;
  std::string headers = {};  // complete lines
  std::string members = {};  // further members of `error`, as JSON
};

Response graph_error(const GraphError& error, const RequestIds& ids);
void add_graph_headers(Response& response, const RequestIds& ids);
Response graph_json(unsigned status, std::string body);

GraphError item_not_found();
GraphError malformed_id();
GraphError access_denied();
GraphError bad_request(std::string code, std::string message);
GraphError invalid_token(std::string message);
GraphError unsupported_zone(std::string_view name);
GraphError change_conflict();
GraphError throttled(std::int64_t retry_after_seconds, std::string_view limit);
GraphError sync_state_not_found(bool camel, std::string location = {});

}  // namespace calsync::emulator::microsoft
