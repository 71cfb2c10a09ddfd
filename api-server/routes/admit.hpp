// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "api-server/http.hpp"
#include "api-server/services.hpp"

namespace calsync::api {

/// Either the gate's Admission or the 403 that says which switch or that a list refuses.
struct Admitted {
  std::optional<sync::Admission> admission{};
  Response refusal{};
  explicit operator bool() const { return admission.has_value(); }
  const sync::Admission& operator*() const { return *admission; }
};

Admitted admit(const Services& services, sync::Operation operation, const OwnerId* owner = nullptr,
               const ConnectionId* connection = nullptr);

/// The connection of the path's {id}, admitted, or the answer that says why not: the flag comes before the look-up, the
/// lists after it.
struct FoundConnection {
  std::optional<store::ConnectionView> view{};
  std::optional<sync::Admission> admission{};
  Response refusal{};
  explicit operator bool() const { return admission.has_value(); }
};
Task<FoundConnection> find_connection(const Services& services, std::string id_text);

/// What an admitted owner's queries may see where a connection list restricts them; nothing = everything.
std::optional<std::vector<std::string>> listed_connections(const Services& services);

}  // namespace calsync::api
