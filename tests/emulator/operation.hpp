// SPDX-License-Identifier: Apache-2.0
// What a request asks for: the name that tests use, the scopes it needs, and the handler.
#pragma once

#include "api_call.hpp"

namespace calsync::emulator {

struct Operation {
  std::string_view method, name, rpc_method;
  ScopeMask scopes;
  ApiHandler handler;
};

struct Classified {
  const Operation* operation = nullptr;  // null outside the Calendar API, or for an unknown path or method
  std::string_view name = "unknown";
  bool known_path = false;
  std::string calendar_id, event_id;
};

Classified classify(const Request& request);

}  // namespace calsync::emulator
