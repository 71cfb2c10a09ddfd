// SPDX-License-Identifier: Apache-2.0
// What faults that tests order look like when they hit Entra or Graph.
#pragma once

#include "graph_error.hpp"
#include "tests/emulator/fault.hpp"

namespace calsync::emulator::microsoft {

bool graph_fault_kind(std::string_view kind);  // one that only the Microsoft half knows
Response graph_fault_answer(const Fault& fault, const Request& request, const RequestIds& ids);
Response entra_fault_answer(const Fault& fault);

}  // namespace calsync::emulator::microsoft
