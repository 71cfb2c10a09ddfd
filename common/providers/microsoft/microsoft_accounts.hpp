// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace calsync::microsoft {

/// The tenant of all personal accounts (outlook.com, hotmail.com, live.com).
inline constexpr std::string_view personal_tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// An account's id with us: who it is in which tenant. `oid` alone is not unique over tenants.
inline std::string account_id(const std::string& oid, const std::string& tenant) {
  return tenant.empty() ? oid : oid + "@" + tenant;
}
inline bool is_personal(std::string_view account) { return account.ends_with(personal_tenant); }

}  // namespace calsync::microsoft
