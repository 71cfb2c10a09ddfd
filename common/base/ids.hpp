// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace calsync {

/// Lower-case canonical form of a UUID, or nothing when `text` is not one (RFC 9562 section 4: 8-4-4-4-12 hex digits).
std::optional<std::string> canonical_uuid(std::string_view text);

/// A UUID that cannot be mistaken for another kind of id. Empty only when default-constructed.
template <class Tag>
class Id {
 public:
  Id() = default;
  static std::optional<Id> parse(std::string_view text) {
    auto canonical = canonical_uuid(text);
    if (!canonical) return std::nullopt;
    return Id(std::move(*canonical));
  }
  /// For text that Postgres or our own generator produced.
  static Id trusted(std::string text) { return Id(std::move(text)); }

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// The seed's word for an owner is `provider_id`: a row of `profiles`, a service provider whose bookings we protect.
using OwnerId = Id<struct OwnerTag>;
using ConnectionId = Id<struct ConnectionTag>;
using JobRunId = Id<struct JobRunTag>;
using WorkerId = Id<struct WorkerTag>;

}  // namespace calsync

template <class Tag>
struct std::hash<calsync::Id<Tag>> {
  std::size_t operator()(const calsync::Id<Tag>& id) const noexcept { return std::hash<std::string>()(id.str()); }
};
