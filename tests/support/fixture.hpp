// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace calsync::testing {

/// The bytes of tests/fixtures/`name`, for example "google/events_page.json".
inline std::string read_fixture(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(CALSYNC_FIXTURES) / name;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no fixture " + path.string());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace calsync::testing
