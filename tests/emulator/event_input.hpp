// SPDX-License-Identifier: Apache-2.0
// Event resources as clients send them: what Google refuses, ignores and fills in. Faults are thrown as ApiError.
#pragma once

#include "api_error.hpp"
#include "calendar.hpp"
#include "json.hpp"

namespace calsync::emulator {

struct EventPeople {
  std::string creator, organizer;  // JSON objects
  bool organized_here = true;
};

EventPeople people_of_new(const Calendar& calendar, std::string_view account_email);
EventPeople people_of(const Event& event);
// The organizer that the resource names, for imports; the calendar when it names none.
EventPeople people_of_import(const Calendar& calendar, std::string_view account_email, const JsonValue& resource);

enum class Sender { client, control };  // the control plane may set what clients may not

// Fills the event's time, recurrence, status and body from a whole resource.
void read_event(const Calendar& calendar, const JsonValue& resource, const EventPeople& people, Sender sender,
                Event& event);

bool valid_client_id(std::string_view id);  // base32hex, 5 to 1024 characters

}  // namespace calsync::emulator
