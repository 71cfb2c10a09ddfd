// SPDX-License-Identifier: Apache-2.0
// What a VEVENT says, as the content of an event.
#pragma once

#include "mailbox.hpp"

namespace calsync::emulator::microsoft {

// `resource` is what ics_event.hpp makes of it, `owner` whose calendar the file becomes. Throws ApiError without a
// time.
Content ics_content(const JsonValue& resource, const Mailbox& owner);

}  // namespace calsync::emulator::microsoft
