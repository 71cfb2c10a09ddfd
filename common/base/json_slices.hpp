// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Cuts JSON text into pieces without understanding them, so that one item that no parser accepts costs that item
// instead of its page, and so that every item keeps the provider's own bytes. Whether a piece is JSON is for
// json::parse to say.
namespace calsync::json {

using Slice = std::string_view;

/// The members of an object as (key without quotes, value), in order. Nothing when the text is not cut like an object.
std::optional<std::vector<std::pair<Slice, Slice>>> member_slices(std::string_view object);
/// The elements of an array. Nothing when the text is not cut like an array.
std::optional<std::vector<Slice>> element_slices(std::string_view array);
/// First member of that name, or nothing. Whatever follows it may be broken.
std::optional<Slice> member_slice(std::string_view object, std::string_view name);

/// The text with each \u0000 escape replaced by \ufffd: Postgres stores no NUL, neither in text nor in jsonb.
std::string without_nul_escapes(std::string_view json);
/// Whether a number outside strings has an exponent of more than three digits or more than 400 characters. Parsers turn
/// such numbers into zero or infinity, and Postgres refuses them.
bool has_absurd_number(std::string_view json);

}  // namespace calsync::json
