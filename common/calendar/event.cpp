// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/event.hpp"

namespace calsync::calendar {

std::string_view status_name(Status status) {
  switch (status) {
    case Status::confirmed:
      return "confirmed";
    case Status::tentative:
      return "tentative";
    case Status::cancelled:
      return "cancelled";
  }
  return "confirmed";
}

}  // namespace calsync::calendar
