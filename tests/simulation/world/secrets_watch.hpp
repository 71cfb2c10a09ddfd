// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>

#include "tests/simulation/database/memory_database.hpp"

namespace calsync::simulation {

/// Whether a secret of the world shows anywhere: log lines, and the text columns of every row.
class SecretsWatch {
 public:
  void know(std::string secret) {
    if (secret.size() >= 8) secrets_.insert(std::move(secret));
  }
  void log(std::string_view line) { log_ += line; }
  /// Where one was found, without the secret itself.
  std::optional<std::string> leak(const MemoryDatabase& database) const;

 private:
  std::optional<std::string> shows(const std::string& where, std::string_view text) const;
  std::set<std::string> secrets_;
  std::string log_;
};

}  // namespace calsync::simulation
