// SPDX-License-Identifier: Apache-2.0
// What a request to Graph asks for: the name that tests use, the permission it needs, and the handler.
#pragma once

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

enum class Need : std::uint8_t { nothing, user, calendars, calendars_write, mailbox_settings };

struct GraphOperation {
  std::string_view method, name;
  Need need;
  GraphHandler handler;
};

struct GraphRoute {
  const GraphOperation* operation = nullptr;
  std::string_view name = "graph.unknown";
  bool known_path = false;
  std::string user;  // who is named instead of me
  std::string calendar_id, event_id, rest;
};

GraphRoute route_of(const Request& request);
bool permits(const std::set<std::string>& scopes, Need need);

}  // namespace calsync::emulator::microsoft
