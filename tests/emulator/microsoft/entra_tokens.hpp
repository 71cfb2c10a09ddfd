// SPDX-License-Identifier: Apache-2.0
// Codes, access tokens and refresh tokens of Entra ID.
#pragma once

#include "entra_scopes.hpp"
#include "graph_settings.hpp"
#include "mailbox.hpp"

namespace calsync::emulator::microsoft {

struct EntraCode {
  Mailbox* user = nullptr;
  std::string redirect_uri, challenge, nonce;
  AskedScopes asked;
  std::set<std::string> scopes;
  std::int64_t expires_ms = 0;
  bool used = false;
};

struct EntraRefresh {
  Mailbox* user = nullptr;
  std::set<std::string> scopes;
  std::int64_t expires_ms = 0;
  std::int64_t uses_left = -1;  // of a replaced one; negative: no limit
  int dead_code = 0;            // the AADSTS number that every use is answered with
};

struct EntraAccess {
  Mailbox* user = nullptr;
  std::set<std::string> scopes;
  std::int64_t expires_ms = 0;
};

class EntraTokens {
 public:
  std::string add_code(EntraCode code);
  EntraCode* find_code(std::string_view value);
  std::string add_access(Mailbox& user, const std::set<std::string>& scopes, std::int64_t lifetime_seconds);
  const EntraAccess* find_access(std::string_view value) const;  // also expired ones
  std::string add_refresh(Mailbox& user, const std::set<std::string>& scopes, const Switches& switches);
  EntraRefresh* find_refresh(std::string_view value);

  // All take null for everybody and say how many tokens were hit.
  std::size_t expire_access(const Mailbox* user);
  std::size_t kill_refresh(const Mailbox* user, int code);
  void forget(const Mailbox& user);
  std::size_t refresh_count(const Mailbox& user) const;
  void clear();

 private:
  StringMap<EntraCode> codes_;
  StringMap<EntraAccess> access_;
  StringMap<EntraRefresh> refresh_;
};

}  // namespace calsync::emulator::microsoft
