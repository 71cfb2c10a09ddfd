// SPDX-License-Identifier: Apache-2.0
// Places, attendees and data of applications in a client's JSON.
#pragma once

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

void read_places(const JsonValue& body, Content& content);
void read_attendees(const JsonValue& body, Content& content);  // 400 for too many, or without an address
void read_extras(const JsonValue& body, Content& content);     // extended properties and open extensions

}  // namespace calsync::emulator::microsoft
