// SPDX-License-Identifier: Apache-2.0
// $filter of event collections: comparisons, and/or/not, startswith, contains, and extended properties.
#pragma once

#include <memory>

#include "query_options.hpp"

namespace calsync::emulator::microsoft {

class EventFilter {
 public:
  struct Node {
    enum class Kind : std::uint8_t { both, either, negated, compare, starts, contains, property };
    Kind kind = Kind::compare;
    std::string path, comparison, value;  // property: path is the id
    bool literal = false;                 // true, false, null or a number
    std::vector<std::unique_ptr<Node>> parts;
  };

  // 400 for what cannot be filtered by.
  static EventFilter read(const GraphCall& call);
  bool empty() const { return !root_; }
  bool matches(const JsonValue& event, const Content& content) const;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace calsync::emulator::microsoft
