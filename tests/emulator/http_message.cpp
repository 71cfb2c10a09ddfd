// SPDX-License-Identifier: Apache-2.0
#include "http_message.hpp"

#include "text.hpp"

namespace calsync::emulator {

Query::Query(std::string_view encoded) {
  if (encoded.empty()) return;
  for (const std::string_view pair : split(encoded, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
    pairs_.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
  }
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_)
    if (key == name) return &value;
  return nullptr;
}

std::string_view Query::get(std::string_view name, std::string_view otherwise) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : otherwise;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : pairs_)
    if (key == name) values.emplace_back(value);
  return values;
}

void Request::set_target(std::string_view received) {
  target = received;
  // The absolute form is for proxies, but a server must take it (RFC 9112 section 3.2.2).
  if (received.starts_with("http://") || received.starts_with("https://")) {
    const std::size_t slash = received.find('/', received.find("//") + 2);
    received = slash == received.npos ? "/" : received.substr(slash);
  }
  received = received.substr(0, received.find('#'));
  const std::size_t mark = received.find('?');
  path = received.substr(0, mark);
  query = mark == received.npos ? Query() : Query(received.substr(mark + 1));
  segments.clear();
  std::string_view rest = path;
  if (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  for (const std::string_view segment : split(rest, '/')) segments.push_back(percent_decode(segment, false));
}

std::string* Request::field(std::string_view name) {
  const std::pair<std::string_view, std::string*> known[] = {{"Host", &host},
                                                             {"Authorization", &authorization},
                                                             {"Content-Type", &content_type},
                                                             {"If-Match", &if_match},
                                                             {"If-None-Match", &if_none_match},
                                                             {"If-Modified-Since", &if_modified_since},
                                                             {"X-HTTP-Method-Override", &method_override},
                                                             {"Prefer", &prefer},
                                                             {"client-request-id", &client_request_id},
                                                             {"X-Forwarded-Proto", &forwarded_proto}};
  for (const auto& [known_name, place] : known)
    if (equal_ignoring_case(known_name, name)) return place;
  return nullptr;
}

void Response::header(std::string_view name, std::string_view value) {
  headers.append(name).append(": ").append(value).append("\r\n");
}

Response json_response(unsigned status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response html_response(unsigned status, std::string body) {
  Response response = json_response(status, std::move(body));
  response.content_type = html_type;
  return response;
}

Response redirect_response(std::string location) {
  Response response = html_response(302, "<html><body>Moved</body></html>");
  response.header("Location", location);
  return response;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 424:
      return "Failed Dependency";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace calsync::emulator
