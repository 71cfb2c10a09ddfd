// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace calsync::bench {

/// Answers Google's calendar list and event list with one calendar, no events and a sync token, whoever asks: a
/// provider that costs next to nothing, for when the emulator is what limits a benchmark. Writes its port to
/// `port_file`, serves until it is killed.
void serve_canned_answers(const std::string& port_file);

}  // namespace calsync::bench
