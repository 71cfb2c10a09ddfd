// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace calsync::testing {

/// Bytes on a fresh connection, and what has to become of them.
struct FramingCase {
  std::string name;
  std::string bytes;
  int status;                         ///< of the last answer; 0 = the connection ends without one
  std::vector<std::string> bodies{};  ///< of the requests that reach the handler, in order
};

std::vector<FramingCase> request_line_cases();
std::vector<FramingCase> header_cases();
std::vector<FramingCase> host_cases();
std::vector<FramingCase> length_cases();
std::vector<FramingCase> transfer_coding_cases();
std::vector<FramingCase> chunk_cases();
std::vector<FramingCase> size_cases();
std::vector<FramingCase> well_formed_cases();

}  // namespace calsync::testing
