// SPDX-License-Identifier: Apache-2.0
// Google's error bodies. The calendar back end and the front end (credentials, scopes, quota) write different
// envelopes.
#pragma once

#include "http_message.hpp"

namespace calsync::emulator {

struct ApiError {
  unsigned status = 400;
  std::string_view domain = "global";
  std::string_view reason = "badRequest";
  std::string message;
  std::string_view location_type = {};
  std::string location = {};
};

Response api_error(const ApiError& error);  // the back end's envelope

ApiError invalid_parameter(std::string name, std::string message);
ApiError missing_field(std::string message);
ApiError invalid_value(std::string message);
ApiError bad_request(std::string message);
ApiError not_found();
ApiError deleted();
ApiError duplicate_id();
ApiError full_sync_required();
ApiError updated_min_too_long_ago();
ApiError precondition_failed();
ApiError time_range_empty();

Response missing_credentials();
Response invalid_credentials();
Response insufficient_scopes(std::string_view rpc_method);  // for example calendar.v3.Events.List
Response access_not_configured();
Response usage_limit(unsigned status, std::string_view reason, std::string_view message);
Response oauth_error(unsigned status, std::string_view error, std::string_view description);

}  // namespace calsync::emulator
