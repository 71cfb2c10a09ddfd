// SPDX-License-Identifier: Apache-2.0
// The control plane of the tests, below /control/. README.md lists the calls.
#pragma once

#include "api_error.hpp"
#include "json.hpp"
#include "provider.hpp"

namespace calsync::emulator {

Response answer_control(Provider& provider, const Request& request);
Response control_error(unsigned status, std::string_view message);

struct ControlCall {
  Provider& provider;
  const Request& request;
  Json body;                      // an object; empty when the request has no JSON
  std::vector<std::string> path;  // the segments after /control/<area>

  std::string_view text(std::string_view name) const;  // from the body, else from the query
  std::string required(std::string_view name) const;   // 400 when it is missing
  Account& account() const;                            // "email"; 404 when unknown
  CalendarListEntry& entry() const;                    // "email" + "calendar_id"; 404 when unknown
  Calendar& calendar() const { return *entry().calendar; }
};

// Thrown as ApiError; only status and message matter here.
ApiError control_fault(unsigned status, std::string message);

Response control_accounts(ControlCall& call);
Response control_tokens(ControlCall& call);
Response control_calendars(ControlCall& call);
Response control_events(ControlCall& call);
Response control_faults(ControlCall& call);
Response control_feeds(ControlCall& call);
Response control_calls(ControlCall& call);
Response control_load(ControlCall& call);
Response control_state(ControlCall& call);
Response control_channels(ControlCall& call);
Response control_push(ControlCall& call);

}  // namespace calsync::emulator
