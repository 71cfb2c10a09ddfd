// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/quota.hpp"
#include "common/base/secret.hpp"

namespace calsync::google {

/// Every URL is configurable, so that an emulator can stand in for Google.
struct Endpoints {
  std::string authorize = "https://accounts.google.com/o/oauth2/v2/auth";
  std::string token = "https://oauth2.googleapis.com/token";
  std::string revoke = "https://oauth2.googleapis.com/revoke";
  std::string userinfo = "https://openidconnect.googleapis.com/v1/userinfo";
  std::string api = "https://www.googleapis.com/calendar/v3";
};

/// The identity scopes tell who connected; calendar.events alone cannot list calendars.
inline std::vector<std::string> default_scopes() {
  return {"openid", "email", "https://www.googleapis.com/auth/calendar.events",
          "https://www.googleapis.com/auth/calendar.calendarlist.readonly"};
}

struct Options {
  std::string client_id{};
  Secret client_secret{};
  std::string redirect_uri{};
  Endpoints endpoints{};
  std::vector<std::string> scopes{};  ///< what is asked for; empty = default_scopes()
  Quota project_calls{};
  Quota account_calls{};
  int account_concurrency = 0;
  int full_reads = 0;
};

}  // namespace calsync::google
