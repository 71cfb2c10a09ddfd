// SPDX-License-Identifier: Apache-2.0
// $batch ("Combine multiple HTTP requests using JSON batching").
#include <fmt/format.h>

#include <algorithm>

#include "front.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t most_parts = 20;

struct Part {
  std::string id;
  Request request;
  std::vector<std::string> needs;  // dependsOn
  unsigned status = 0;
  std::string answer;
};

Part read_part(const JsonValue& value, const Request& outer) {
  Part part;
  part.id = string_member(value, "id");
  const std::string_view method = string_member(value, "method"), url = string_member(value, "url");
  if (part.id.empty() || method.empty() || url.empty())
    throw bad_request("BadRequest", "Each request of a batch needs id, method and url.");
  Request& request = part.request;
  request.method = upper(method);
  request.host = outer.host;
  request.authorization = outer.authorization;
  request.forwarded_proto = outer.forwarded_proto;
  request.set_target("/graph/v1.0" + std::string(url.starts_with('/') ? "" : "/") + std::string(url));
  if (const JsonValue* headers = member(value, "headers"); headers && headers->IsObject())
    for (const auto& [name, text] : headers->GetObject())
      if (std::string* field = request.field({name.GetString(), name.GetStringLength()}); field && text.IsString())
        *field = text.GetString();
  if (const JsonValue* body = member(value, "body"); body && !body->IsNull()) {
    if (request.content_type.empty())
      throw bad_request("BadRequest", fmt::format("Request '{}' has a body but no Content-Type.", part.id));
    request.body = body->IsString() ? std::string(body->GetString()) : json_text(*body);
  }
  if (const JsonValue* needs = member(value, "dependsOn"); needs && needs->IsArray())
    for (const JsonValue& need : needs->GetArray())
      if (need.IsString()) part.needs.emplace_back(need.GetString());
  return part;
}

std::vector<Part> read_parts(const Request& outer) {
  Json body;
  const JsonValue* requests = nullptr;
  if (parse_json(outer.body, body) && body.IsObject()) requests = member(body, "requests");
  if (!requests || !requests->IsArray() || requests->Empty())
    throw bad_request("BadRequest", "Invalid batch payload format.");
  if (requests->Size() > most_parts)
    throw bad_request("BadRequest",
                      fmt::format("Number of batch request steps exceeds the maximum value of {}.", most_parts));
  std::vector<Part> parts;
  for (const JsonValue& value : requests->GetArray()) {
    Part part = read_part(value, outer);
    for (const Part& other : parts)
      if (equal_ignoring_case(other.id, part.id))
        throw bad_request("BadRequest", fmt::format("The id '{}' is used by more than one request.", part.id));
    parts.push_back(std::move(part));
  }
  // A part may only depend on ones before it, which also keeps out circles.
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const std::string& need : parts[i].needs)
      if (std::ranges::none_of(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i),
                               [&](const Part& other) { return equal_ignoring_case(other.id, need); }))
        throw bad_request("BadRequest", fmt::format("Request '{}' depends on '{}', which is no request before it.",
                                                    parts[i].id, need));
  return parts;
}

std::string part_json(const std::string& id, const Response& response) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("id", id);
    object.number("status", response.status);
    {
      ObjectWriter headers(object.key("headers"));
      for (std::string_view line : split(response.headers, '\n')) {
        line = trim(line);
        const std::size_t colon = line.find(':');
        if (colon != line.npos) headers.text(line.substr(0, colon), trim(line.substr(colon + 1)));
      }
      if (response.status != 204) headers.text("Content-Type", response.content_type);
    }
    Json body;
    if (parse_json(response.body, body))
      object.raw("body", response.body);
    else if (!response.body.empty())
      object.text("body", response.body);
  }
  return out;
}

}  // namespace

Response Front::batch(const Request& request) {
  if (request.method != "POST") throw GraphError{405, "MethodNotAllowed", "A batch is a POST."};
  std::vector<Part> parts = read_parts(request);
  std::vector<std::string> answers;
  std::int64_t delay_ms = 0;
  for (Part& part : parts) {
    const bool failed = std::ranges::any_of(part.needs, [&](const std::string& need) {
      const auto other =
          std::ranges::find_if(parts, [&](const Part& each) { return equal_ignoring_case(each.id, need); });
      return other->status >= 400 || other->status == 0;
    });
    Response response =
        failed
            ? graph_error({424, "FailedDependency", "A request that this one depends on has failed."}, ids_of(request))
            : answer(part.request);
    // A connection that breaks inside of a batch is a failed part.
    if (response.delivery == Delivery::drop_before)
      response = graph_error({503, "ServiceNotAvailable", "The service is temporarily unavailable."}, ids_of(request));
    delay_ms = std::max(delay_ms, response.delay_ms);
    part.status = response.status;
    answers.push_back(part_json(part.id, response));
  }
  // In any order: the later half comes first.
  std::ranges::rotate(answers, answers.begin() + static_cast<std::ptrdiff_t>(answers.size() / 2));
  Response response = graph_json(200, "");
  response.delay_ms = delay_ms;
  response.body = R"({"responses":[)";
  for (std::size_t i = 0; i < answers.size(); ++i) response.body += (i > 0 ? "," : "") + answers[i];
  response.body += "]}";
  return response;
}

}  // namespace calsync::emulator::microsoft
