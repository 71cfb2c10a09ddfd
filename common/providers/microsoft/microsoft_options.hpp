// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/quota.hpp"
#include "common/base/secret.hpp"

namespace calsync::microsoft {

/// Every URL is configurable: for national clouds, and so that an emulator can stand in. `{tenant}` is replaced.
struct Endpoints {
  std::string authorize = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize";
  std::string token = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token";
  std::string api = "https://graph.microsoft.com/v1.0";
};

/// Without offline_access there is no refresh token. Short names mean Graph.
inline std::vector<std::string> default_scopes() {
  return {"openid", "profile", "email", "offline_access", "User.Read", "Calendars.ReadWrite"};
}

/// Which part of a calendar is mirrored. A delta link keeps the window that it was made with, so the window moves on by
/// a full read, which also finds what the links do not tell (Graph announces no deleted occurrence).
struct WindowOptions {
  int past_days = 31;
  int future_days = 400;
  int hours = 24;  ///< from one full read to the next
};

struct Options {
  std::string client_id{};
  Secret client_secret{};
  std::string redirect_uri{};
  std::string tenant = "common";  ///< common, organizations, consumers, a tenant's id or domain
  std::string prompt = "select_account";
  Endpoints endpoints{};
  std::vector<std::string> scopes{};  ///< what is asked for; empty = default_scopes()
  WindowOptions window{};
  Quota project_calls{};
  Quota account_calls{};
  int account_concurrency = 4;  ///< Graph: requests of one app to one mailbox at a time
  int full_reads = 0;
};

}  // namespace calsync::microsoft
