// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/db/database_error.hpp"

namespace calsync::simulation::sqlf {

/// The smallest or greatest of those that are not NULL; NULL when all are.
template <class T>
std::optional<T> least(std::optional<T> a, std::optional<T> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}
template <class T>
std::optional<T> greatest(std::optional<T> a, std::optional<T> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

/// make_interval(secs => …): half microseconds go to the even one.
Duration seconds(double secs);
/// interval * double precision, for an interval that is the difference of two instants.
Duration scaled(Duration interval, double factor);
/// left(text, count), in characters.
std::string left(std::string text, std::size_t count);
/// (extract(epoch FROM interval) * 1000)::bigint.
std::int64_t milliseconds(Duration interval);
/// LEAST(60, 2 ^ LEAST(attempts, 6)) minutes.
Duration attempt_pause(int attempts);
/// LEAST(6 * 3600, 60 * 2 ^ LEAST(attempts, 10)) * (0.5 + unit) seconds.
Duration growing_pause(int attempts, double unit);

/// A text as libpq sends it: it ends with the first NUL.
std::string parameter(std::string text);
/// A text within a json parameter, which has no NUL either but refuses it.
const std::string& json_text(const std::string& text);
/// A number as the store formats it with so many decimals.
double rounded(double number, int decimals);
/// What an array literal of db::array_literal holds.
std::vector<std::string> elements(const std::string& literal);
/// The canonical form, or the error of a malformed uuid.
std::string uuid(const std::string& text);

inline bool any(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}
/// NULL lists admit all.
inline bool admits(const std::optional<std::vector<std::string>>& list, const std::string& one) {
  return !list || any(*list, one);
}

[[noreturn]] void refuse(const char* sqlstate, std::string message);

}  // namespace calsync::simulation::sqlf
