// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/async/task.hpp"

namespace calsync::http {

using Header = std::pair<std::string, std::string>;

enum class CallerKind { app, admin };

/// Whose bearer token a request carries.
struct Caller {
  std::string name{};
  CallerKind kind = CallerKind::app;
};

struct Request {
  std::string method{};
  std::string target{};                 ///< as sent: path and query
  std::vector<std::string> segments{};  ///< of the path, percent-decoded once
  std::vector<Header> query{};          ///< decoded, in order; UTF-8 without NUL, like the segments
  std::vector<Header> headers{};        ///< names in lower case
  std::string body{};
  std::string peer_address{};  ///< who opened the TCP connection (a proxy's, if there is one), without port
  std::map<std::string, std::string> path_parameters{};
  std::optional<Caller> caller{};

  /// The target without its query, still percent-encoded. For logs: queries carry codes and states.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }

  /// First header of that (lower-case) name, "" when absent.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

struct Response {
  int status = 200;
  /// Replace the server's defaults of the same name. The server alone writes Content-Type, Content-Length, Connection,
  /// Date, Server and Transfer-Encoding.
  std::vector<Header> headers{};
  std::string body{};
  std::string content_type = "application/json; charset=utf-8";
};

using Handler = std::function<Task<Response>(Request)>;

}  // namespace calsync::http
