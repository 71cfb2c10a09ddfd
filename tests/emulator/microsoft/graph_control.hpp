// SPDX-License-Identifier: Apache-2.0
// The control plane of the Microsoft half, below /control/microsoft/. README.md lists the calls.
#pragma once

#include "graph_call.hpp"
#include "tests/emulator/control.hpp"

namespace calsync::emulator::microsoft {

Response answer_graph_control(ControlCall& call);

Mailbox& mailbox_of(const ControlCall& call);  // "email"; 404 when unknown
Listing& listing_of(const ControlCall& call);  // and "calendar_id", by id or name; default: the default one
Listing& add_wanted_calendar(Mailbox& user, const JsonValue& wanted);
std::string listing_json(const Mailbox& user, const Listing& row);

Response control_users(ControlCall& call);
Response control_user_tokens(ControlCall& call);
Response control_user_calendars(ControlCall& call);
Response control_user_events(ControlCall& call);
Response control_user_state(ControlCall& call);
Response control_subscriptions(ControlCall& call);
Response control_notifications(ControlCall& call);
Response control_graph_import(ControlCall& call);
Response control_graph_load(ControlCall& call);

}  // namespace calsync::emulator::microsoft
