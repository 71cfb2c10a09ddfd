// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/json.hpp"
#include "common/net/answer_evidence.hpp"
#include "common/net/plain_words.hpp"
#include "common/providers/microsoft/event_fields.hpp"

namespace calsync::microsoft {
namespace {

struct Meaning {
  std::string_view code;
  Failure failure;
  std::string_view advice = "";  ///< appended to the sentence when a person has to act
};

constexpr std::string_view no_mailbox = "the account has no mailbox in the cloud whose calendars can be read";
constexpr std::string_view grant_access = "the account has to be connected again with access to its calendars";
constexpr int deepest_error = 4;

// Codes that decide whatever the status below 500 is. Documents and answers do not agree on their capitals.
constexpr std::array meanings{
    Meaning{"InvalidAuthenticationToken", Failure::token_rejected},
    Meaning{"syncStateNotFound", Failure::cursor_expired},
    Meaning{"syncStateInvalid", Failure::cursor_expired},
    Meaning{"resyncRequired", Failure::cursor_expired},
    Meaning{"resyncApplyDifferences", Failure::cursor_expired},
    Meaning{"resyncUploadDifferences", Failure::cursor_expired},
    Meaning{"resyncChangesApplyDifferences", Failure::cursor_expired},
    Meaning{"resyncChangesUploadDifferences", Failure::cursor_expired},
    Meaning{"InvalidDeltaToken", Failure::cursor_expired},
    Meaning{"ErrorInvalidSyncStateData", Failure::cursor_expired},
    Meaning{"ApplicationThrottled", Failure::throttled},
    Meaning{"TooManyRequests", Failure::throttled},
    Meaning{"activityLimitReached", Failure::throttled},
    Meaning{"MailboxNotEnabledForRESTAPI", Failure::rejected, no_mailbox},
    Meaning{"MailboxNotSupportedForRESTAPI", Failure::rejected, no_mailbox},
    Meaning{"ErrorIrresolvableConflict", Failure::conflict},
};

/// Codes are names; anything else might be an echo of what was sent. No code has a digit, and hardly a secret has none.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 80 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) || c == '_' || c == '.'; });
}

/// Both spellings are in use.
const json::Value* inner_error(const json::Value& error) {
  const json::Value* inner = json::object_at(error, "innerError");
  return inner ? inner : json::object_at(error, "innererror");
}

/// The most specific code that is known.
const Meaning* meaning_of(const ErrorBody& body) {
  for (auto code = body.codes.rbegin(); code != body.codes.rend(); ++code) {
    const auto known =
        std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) { return same_word(one.code, *code); });
    if (known != meanings.end()) return &*known;
  }
  return nullptr;
}

Failure failure_of_status(int status, Asked asked) {
  switch (status) {
    case 401:
      return Failure::token_rejected;
    case 403:
      return asked == Asked::calendars ? Failure::scope_missing : Failure::rejected;
    case 404:
      return Failure::not_found;
    case 409:
    case 412:
      return Failure::conflict;
    case 410:
      return asked == Asked::delta ? Failure::cursor_expired : Failure::not_found;
    case 429:
    case 509:
      return Failure::throttled;
    case 507:
      return Failure::quota_exhausted;
    default:
      return status >= 500 ? Failure::unavailable : Failure::rejected;
  }
}

bool may_wait(Failure failure) {
  return failure == Failure::throttled || failure == Failure::quota_exhausted || failure == Failure::unavailable;
}

std::string sentence(const net::HttpResponse& response, const ErrorBody& body) {
  std::string said = fmt::format("Microsoft answered {}", response.status);
  if (!body.codes.empty()) said += ' ' + body.codes.front();
  if (!body.message.empty()) said += ": " + body.message;
  if (body.codes.empty() && body.message.empty()) said += " with a body that says nothing";
  const std::string request = request_id(response);
  return request.empty() ? said : fmt::format("{} (request-id {})", said, request);
}

Error refusal_of(const net::HttpResponse& response, Asked asked, Time now) {
  const ErrorBody body = parse_error_body(response.body);
  std::string said = sentence(response, body);
  const Meaning* known = response.status < 500 ? meaning_of(body) : nullptr;
  // Whatever a 401 says, it is about the token.
  const Failure failure = known && response.status != 401 ? known->failure : failure_of_status(response.status, asked);
  if (known && !known->advice.empty()) said += fmt::format("; {}", known->advice);
  if (failure == Failure::scope_missing) said += fmt::format("; {}", grant_access);
  if (!may_wait(failure)) return fail(failure, std::move(said));
  return fail(failure, std::move(said), response.retry_after(now));
}

}  // namespace

ErrorBody parse_error_body(std::string_view text) {
  const auto parsed = json::parse(text);
  const json::Value* error = parsed ? json::object_at(*parsed, "error") : nullptr;
  if (!error) return {};
  ErrorBody body;
  body.message = net::plain_words(json::text_at(*error, "message"), 300);
  for (int depth = 0; error && depth < deepest_error; ++depth, error = inner_error(*error)) {
    if (std::string code = json::text_at(*error, "code"); is_name(code)) body.codes.push_back(std::move(code));
  }
  return body;
}

std::string request_id(const net::HttpResponse& response) { return net::request_name(response.header("request-id")); }

Error api_error(const net::HttpResponse& response, Asked asked, Time now) {
  return net::told_by(refusal_of(response, asked, now), response, request_id(response));
}

}  // namespace calsync::microsoft
