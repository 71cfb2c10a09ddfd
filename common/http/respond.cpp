// SPDX-License-Identifier: Apache-2.0
#include "common/http/respond.hpp"

#include <algorithm>

#include "common/base/repeatable.hpp"
#include "common/http/http_syntax.hpp"

namespace calsync::http {
namespace {

int status_of(Failure failure) {
  switch (failure) {
    case Failure::invalid_input:
      return 400;
    case Failure::not_found:
      return 404;
    case Failure::conflict:
      return 409;
    case Failure::throttled:
    case Failure::postponed:
    case Failure::quota_exhausted:
      return 429;
    case Failure::misconfigured:
    case Failure::internal:
      return 500;
    case Failure::token_rejected:
    case Failure::grant_dead:
    case Failure::scope_missing:
    case Failure::unavailable:
    case Failure::network:
    case Failure::timeout:
    case Failure::malformed:
    case Failure::rejected:
    case Failure::cursor_expired:
    case Failure::lease_lost:
    case Failure::database:
    case Failure::cancelled:
      return 503;
  }
  return 500;
}

/// "application/json", in any case, alone or with parameters such as charset=utf-8 (RFC 9110 section 8.3.1).
bool is_json_type(std::string_view value) {
  return lower_case(trim(value.substr(0, value.find(';')))) == "application/json";
}

bool declares_json(const Request& request) {
  const auto types = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const Header& one) { return one.first == "content-type"; });
  return types == 1 && is_json_type(request.header("content-type"));
}

Error invalid(std::string sentence) { return fail(Failure::invalid_input, std::move(sentence)); }

Result<json::Document> parse_object(std::string_view body) {
  auto document = json::parse(body);
  if (!document) return invalid("the body is not JSON: " + document.error().message);
  if (!document->IsObject()) return invalid("the body must be a JSON object");
  return document;
}

}  // namespace

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response metrics_response(std::string text) {
  Response response;
  response.body = std::move(text);
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Response error_response(int status, std::string_view code, std::string_view sentence,
                        const std::vector<Header>& extra) {
  json::Writer writer;
  writer.begin_object().put("error", sentence).put("code", code);
  for (const auto& [name, value] : extra) writer.put(name, value);
  writer.end_object();
  return json_response(status, writer.text());
}

Response from_error(const Error& error) {
  const bool callers_fault = error.failure == Failure::invalid_input;
  const std::string_view code = callers_fault ? "invalid_request" : error_code(error.failure);
  Response response = error_response(status_of(error.failure), code, error.message);
  if (error.retry_after) response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  return response;
}

std::optional<Response> refuse_content(const Request& request) {
  if (request.body.empty()) return std::nullopt;
  if (!declares_json(request)) {
    return error_response(415, "unsupported_media_type", "the body must be declared as Content-Type: application/json");
  }
  const auto document = parse_object(request.body);
  if (!document) return error_response(400, "invalid_json", document.error().message);
  return std::nullopt;
}

Result<json::Document> json_body(const Request& request, const std::set<std::string>& known, EmptyBody empty) {
  if (request.body.empty()) {
    if (empty == EmptyBody::refused) return invalid("a JSON object is required as body");
    return json::Document(rapidjson::kObjectType);
  }
  auto document = parse_object(request.body);
  if (!document) return document.error();
  std::set<std::string_view> seen;
  for (const auto& one : document->GetObject()) {
    const std::string_view name(one.name.GetString(), one.name.GetStringLength());
    if (!known.contains(std::string(name))) return invalid("unknown field " + unknown_name(name, known));
    if (!seen.insert(name).second) return invalid("the field \"" + std::string(name) + "\" is given twice");
  }
  return document;
}

}  // namespace calsync::http
