// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api-server/http.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/time.hpp"

namespace calsync::api {

/// Query parameters, read by type. An unknown or repeated parameter and a value of another type are failure
/// invalid_input with the sentence for the caller; an absent one is nothing.
class QueryInput {
 public:
  explicit QueryInput(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  std::optional<std::string> text(const std::string& name) const;
  Result<std::optional<std::int64_t>> integer(const std::string& name, std::int64_t low, std::int64_t high) const;
  Result<std::optional<Time>> time(const std::string& name) const;
  template <class Id>
  Result<std::optional<Id>> id(const std::string& name) const {
    return parse_id<Id>(name, text(name));
  }

  template <class Id>
  static Result<std::optional<Id>> parse_id(const std::string& name, const std::optional<std::string>& text) {
    if (!text) return std::optional<Id>();
    auto id = Id::parse(*text);
    if (!id) return fail(Failure::invalid_input, name + " must be a UUID");
    return id;
  }

 private:
  std::map<std::string, std::string> values_;
};
Result<QueryInput> read_query(const Request& request, const std::set<std::string>& known);

/// A JSON object as body, read by type in the same way. An empty body counts as {}.
class BodyInput {
 public:
  explicit BodyInput(json::Document document) : document_(std::move(document)) {}
  bool has(const std::string& name) const { return json::member(document_, name) != nullptr; }
  Result<std::optional<std::string>> text(const std::string& name) const;
  Result<std::optional<bool>> flag(const std::string& name) const;
  Result<std::optional<std::int64_t>> integer(const std::string& name, std::int64_t low, std::int64_t high) const;
  Result<std::optional<std::vector<std::string>>> texts(const std::string& name) const;
  template <class Id>
  Result<std::optional<Id>> id(const std::string& name) const {
    auto value = text(name);
    if (!value) return value.error();
    return QueryInput::parse_id<Id>(name, *value);
  }

 private:
  json::Document document_;
};
Result<BodyInput> read_body(const Request& request, const std::set<std::string>& known);

}  // namespace calsync::api
