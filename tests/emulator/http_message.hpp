// SPDX-License-Identifier: Apache-2.0
// Requests and answers as the handlers see them; only server.cpp and push_sender.cpp know the HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace calsync::emulator {

class Query {
 public:
  Query() = default;
  explicit Query(std::string_view encoded);  // application/x-www-form-urlencoded

  const std::string* find(std::string_view name) const;
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
  std::vector<std::string_view> all(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

struct Request {
  std::string method;
  std::string target;                 // as received
  std::string path;                   // still encoded
  std::vector<std::string> segments;  // decoded
  Query query;
  std::string host, authorization, content_type, if_match, if_none_match, if_modified_since, method_override;
  std::string prefer, client_request_id;  // several Prefer lines are joined with commas
  std::string forwarded_proto;            // what something in front of the emulator was called with
  std::string body;

  void set_target(std::string_view received);
  std::string origin() const { return (forwarded_proto == "https" ? "https://" : "http://") + host; }
  // The field that a header of this name goes to; null for those that nothing here asks for.
  std::string* field(std::string_view name);
};

// How the bytes of an answer leave.
enum class Delivery : std::uint8_t { whole, drop_before, drop_mid_body, truncated, endless };

struct Response;

// An answer that waits until enough calls were seen (GET /control/calls/wait), or until something else is done.
struct Wait {
  std::function<bool()> ready;
  std::function<std::string(bool timed_out)> body;
  std::int64_t timeout_ms = 0;
  std::function<void(Response&, bool timed_out)> finish = {};  // instead of `body`: the whole answer
};

inline constexpr std::string_view json_type = "application/json; charset=UTF-8";
inline constexpr std::string_view html_type = "text/html; charset=UTF-8";

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type{json_type};
  std::string headers;  // complete lines, each with its CRLF
  Delivery delivery = Delivery::whole;
  std::int64_t delay_ms = 0;
  std::optional<Wait> wait;
  std::shared_ptr<void> held = {};  // let go when the answer has left

  void header(std::string_view name, std::string_view value);
};

Response json_response(unsigned status, std::string body);
Response html_response(unsigned status, std::string body);
Response redirect_response(std::string location);
std::string_view reason_phrase(unsigned status);

}  // namespace calsync::emulator
