// SPDX-License-Identifier: Apache-2.0
// $select, $expand and $orderby of event collections ("Customize Microsoft Graph responses with query parameters").
#pragma once

#include <string>
#include <vector>

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

struct Expansion {
  std::string property_id;  // of singleValueExtendedProperties
  bool extensions = false, exceptions = false;
  std::string extension_id;  // empty: all of them
};

struct SelectOptions {
  std::vector<std::string> names;  // empty: everything
  Expansion expansion;
  bool selects(std::string_view name) const;
};

// 400 for what is no property of an event or cannot be expanded.
SelectOptions read_select(const GraphCall& call);
std::string selected(std::string json, const SelectOptions& options);
// For resources whose properties are not checked.
std::string selected_members(std::string json, std::string_view select);

struct OrderBy {
  std::string path;  // empty: as it comes
  bool descending = false;
};
OrderBy read_order(const GraphCall& call);

// A member by its path: start/dateTime.
const JsonValue* at_path(const JsonValue& object, std::string_view path);

}  // namespace calsync::emulator::microsoft
