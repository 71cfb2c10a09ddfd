// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "api-server/web/html.hpp"
#include "common/base/result.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::api::web {

/// Which connections a list or a bulk action is about, as it stands in addresses and forms.
struct FilterInput {
  std::string q{};
  std::string state{};
  std::string provider{};
  std::string error_code{};
  std::string provider_id{};
  std::string only{};  ///< due | leased | backing_off | failing | channel_dead

  static const std::set<std::string>& names();
  /// `value_of(name)` is "" where there is none.
  static FilterInput read(const std::function<std::string(const std::string& name)>& value_of);
  /// failure invalid_input with the sentence for the reader.
  Result<store::ConnectionFilter> checked() const;
  bool empty() const;

  Path in_address(Path path) const;
  Html in_form() const;  ///< hidden fields
  Html fields() const;   ///< to be filled in
  Html in_words() const;
};

/// The class of a state's tag.
Html state_tag(const std::string& state);

}  // namespace calsync::api::web
