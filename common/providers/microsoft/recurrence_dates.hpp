// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_recurrence.hpp"

namespace calsync::microsoft {

/// The dates in [from, to] on which the rule that recurrence_rule.hpp writes has an occurrence. A day that a month does
/// not have is skipped, as RFC 5545 asks; Outlook is said to take the month's last day instead, which the caller sees
/// in the instances that Graph lists.
std::vector<std::chrono::year_month_day> recurrence_dates(const Recurrence& recurrence,
                                                          std::chrono::year_month_day from,
                                                          std::chrono::year_month_day to);

}  // namespace calsync::microsoft
