// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace calsync::bench {

struct WriteOptions {
  std::string database{};    ///< libpq string of an empty database
  std::size_t rows = 10000;  ///< events of the calendar
  std::size_t page = 250;    ///< rows a transaction
  int rounds = 5;
};

/// Writes the events of one calendar through MirrorStore and, for comparison, by COPY into the same table. Prints a
/// line of JSON for each measurement: {"what", "round", "rows", "seconds", "cpu", "touched"}; `cpu` is this process's
/// alone, `touched` counts row versions written.
void measure_mirror_writes(const WriteOptions& options);

}  // namespace calsync::bench
