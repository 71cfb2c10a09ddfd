// SPDX-License-Identifier: Apache-2.0
// Tenants, id_tokens and what is published about the endpoints ("OpenID Connect on the Microsoft identity platform").
#include <fmt/format.h>

#include <algorithm>

#include "entra.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/jwt.hpp"

namespace calsync::emulator::microsoft {

bool known_tenant(const World& world, std::string_view tenant) {
  if (tenant == "common" || tenant == "organizations" || tenant == "consumers" || tenant == consumers_tenant)
    return true;
  return std::ranges::any_of(world.users(), [&](const auto& row) { return fits_tenant(*row.second, tenant); });
}

bool fits_tenant(const Mailbox& user, std::string_view tenant) {
  if (tenant == "common") return true;
  if (tenant == "organizations") return !user.personal;
  if (tenant == "consumers") return user.personal;
  const std::string_view domain = std::string_view(user.email).substr(user.email.find('@') + 1);
  return equal_ignoring_case(tenant, user.tenant) || (!user.personal && equal_ignoring_case(tenant, domain));
}

std::string entra_id_token(const Mailbox& user, const std::string& client_id, const std::string& nonce,
                           const std::set<std::string>& scopes) {
  const std::int64_t now = now_ms() / 1000;
  std::string claims;
  {
    ObjectWriter object(claims);
    object.text("aud", client_id);
    object.text("iss", fmt::format("https://login.microsoftonline.com/{}/v2.0", user.tenant));
    object.number("iat", now);
    object.number("nbf", now);
    object.number("exp", now + 3600);
    if (scopes.contains("email")) object.text("email", user.email);
    if (scopes.contains("profile")) {
      object.text("name", user.name);
      object.text("oid", user.oid);
      object.text("preferred_username", user.email);
    }
    object.text_unless_empty("nonce", nonce);
    object.text("sub", base64url(sha256(client_id + '\n' + user.email)));  // differs between applications
    object.text("tid", user.tenant);
    object.text("uti", random_text(22));
    object.text("ver", "2.0");
  }
  return signed_token(claims);
}

Response answer_entra_configuration(const EntraCall& call) {
  const std::string& tenant = call.tenant;
  const std::string base = call.request.origin() + "/entra/" + tenant;
  const bool one = tenant != "common" && tenant != "organizations" && tenant != "consumers";
  const std::string issuer = one ? tenant : tenant == "consumers" ? std::string(consumers_tenant) : "{tenantid}";
  std::string body;
  {
    ObjectWriter object(body);
    object.text("token_endpoint", base + "/oauth2/v2.0/token");
    object.raw("token_endpoint_auth_methods_supported",
               R"(["client_secret_post","private_key_jwt","client_secret_basic"])");
    object.text("jwks_uri", base + "/discovery/v2.0/keys");
    object.raw("response_modes_supported", R"(["query","fragment","form_post"])");
    object.raw("subject_types_supported", R"(["pairwise"])");
    object.raw("id_token_signing_alg_values_supported", R"(["RS256"])");
    object.raw("response_types_supported", R"(["code"])");
    object.raw("scopes_supported", R"(["openid","profile","email","offline_access"])");
    object.text("issuer", "https://login.microsoftonline.com/" + issuer + "/v2.0");
    object.text("authorization_endpoint", base + "/oauth2/v2.0/authorize");
    object.raw("claims_supported",
               R"(["sub","iss","aud","exp","iat","nonce","preferred_username","name","tid","ver","oid","email"])");
    object.text("cloud_instance_name", "microsoftonline.com");
    object.text("msgraph_host", "graph.microsoft.com");
  }
  return json_response(200, std::move(body));
}

}  // namespace calsync::emulator::microsoft
