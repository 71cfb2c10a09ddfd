// SPDX-License-Identifier: Apache-2.0
#include "entra_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mailbox.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::array<AadError, 51> errors{{
    {16000, 400, "interaction_required", "", "The user is signed in with an account that cannot be used here."},
    {28000, 400, "invalid_request", "", "The scopes name more than one resource."},
    {28002, 400, "invalid_scope", "", "The scopes of the resource are not valid for this request."},
    {28003, 400, "invalid_scope", "", "The scope of a token request must not be empty."},
    {50011, 400, "invalid_request", "", "The redirect URI does not match one that is registered."},
    {50020, 400, "invalid_grant", "", "The account is not in this tenant."},
    {50034, 400, "invalid_grant", "", "The user is not in the directory."},
    {50057, 400, "invalid_grant", "", "The user account is disabled."},
    {50074, 400, "interaction_required", "basic_action", "Strong authentication is required."},
    {50076, 400, "interaction_required", "basic_action", "Multifactor authentication is required."},
    {50078, 400, "interaction_required", "basic_action", "Multifactor authentication has expired."},
    {50079, 400, "interaction_required", "basic_action", "The user must enroll for multifactor authentication."},
    {50105, 400, "invalid_grant", "", "The user is not assigned to a role of the application."},
    {50126, 400, "invalid_grant", "", "User name or password is wrong."},
    {50148, 400, "invalid_grant", "", "The code verifier does not fit the code challenge."},
    {501481, 400, "invalid_grant", "", "The code verifier does not fit the code challenge."},
    {500112, 400, "invalid_grant", "", "The redirect URI is not the one of the authorization request."},
    {50173, 400, "invalid_grant", "bad_token", "The grant was revoked and a fresh sign-in is needed."},
    {50194, 400, "unauthorized_client", "", "The application is not a multi-tenant application."},
    {50196, 400, "invalid_grant", "", "The client has asked too often for the same."},
    {53000, 400, "interaction_required", "message_only", "The device does not comply with a policy."},
    {53003, 400, "interaction_required", "message_only", "Access is blocked by a conditional access policy."},
    {54005, 400, "invalid_grant", "", "The authorization code was already redeemed."},
    {65001, 400, "invalid_grant", "consent_required", "The user has not consented to these permissions."},
    {65004, 400, "access_denied", "", "The user declined to consent."},
    {650056, 400, "access_denied", "", "The application is misconfigured; ask an administrator."},
    {70000, 400, "invalid_grant", "", "The provided grant is not valid or has expired."},
    {70001, 400, "unauthorized_client", "", "The application is disabled."},
    {70002, 401, "invalid_client", "", "The client's credentials are not valid."},
    {70003, 400, "unsupported_grant_type", "", "The grant type is not supported."},
    {70008, 400, "invalid_grant", "", "The code or refresh token has expired."},
    {700082, 400, "invalid_grant", "bad_token", "The refresh token has expired, as it was not used for 90 days."},
    {700084, 400, "invalid_grant", "bad_token", "The refresh token of a single page application is over a day old."},
    {70011, 400, "invalid_scope", "", "A scope is not valid."},
    {70043, 400, "invalid_grant", "bad_token", "A sign-in frequency policy has ended the refresh token."},
    {70044, 400, "invalid_grant", "bad_token", "A sign-in frequency policy has ended the session."},
    {700011, 400, "unauthorized_client", "", "The application is not in the directory."},
    {700016, 400, "unauthorized_client", "", "The application was not found in the directory."},
    {7000215, 401, "invalid_client", "", "The client secret is wrong."},
    {7000218, 401, "invalid_client", "", "The request has neither client_assertion nor client_secret."},
    {7000222, 401, "invalid_client", "", "The client secret has expired."},
    {90002, 400, "invalid_request", "", "The tenant was not found."},
    {90006, 503, "server_error", "", "An external server cannot be reached."},
    {90014, 400, "invalid_request", "", "A required parameter is missing."},
    {900144, 400, "invalid_request", "", "The request body lacks a parameter."},
    {90024, 503, "temporarily_unavailable", "", "The request budget is used up or something is not available."},
    {90033, 503, "temporarily_unavailable", "", "Something is not available for a while."},
    {90055, 429, "temporarily_unavailable", "", "There are too many requests of this tenant."},
    {90094, 400, "access_denied", "", "An administrator has to consent."},
    {9002313, 400, "invalid_request", "", "The request is malformed."},
    {9002332, 400, "invalid_request", "", "The application is for work accounts only."},
}};

}  // namespace

const AadError* aad_error(int code) {
  const auto found = std::ranges::find(errors, code, &AadError::code);
  return found == errors.end() ? nullptr : &*found;
}

std::string aad_description(int code, std::string_view text) {
  const AadError* known = aad_error(code);
  return fmt::format("AADSTS{}: {}", code, text.empty() && known ? known->text : text);
}

Response entra_error(int code, std::string_view text) {
  const AadError& known = aad_error(code) ? *aad_error(code) : *aad_error(70000);
  const std::string trace = random_guid(), correlation = random_guid();
  std::string timestamp = rfc3339_ms(now_ms()).substr(0, 19) + "Z";
  timestamp[10] = ' ';
  std::string body;
  {
    ObjectWriter object(body);
    object.text("error", known.error);
    object.text("error_description", fmt::format("{}\r\nTrace ID: {}\r\nCorrelation ID: {}\r\nTimestamp: {}",
                                                 aad_description(code, text), trace, correlation, timestamp));
    object.raw("error_codes", fmt::format("[{}]", code));
    object.text("timestamp", timestamp);
    object.text("trace_id", trace);
    object.text("correlation_id", correlation);
    object.text("error_uri", fmt::format("https://login.microsoftonline.com/error?code={}", code));
    object.text_unless_empty("suberror", known.suberror);
  }
  Response response = json_response(known.status, std::move(body));
  response.content_type = "application/json; charset=utf-8";
  response.header("Cache-Control", "no-store, no-cache");
  response.header("Pragma", "no-cache");
  response.header("x-ms-request-id", trace);
  return response;
}

}  // namespace calsync::emulator::microsoft
