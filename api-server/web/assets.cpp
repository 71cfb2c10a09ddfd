// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/assets.hpp"

#include <stdexcept>

namespace calsync::api::web {
namespace {

std::string_view content_type(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "image/svg+xml";
}

}  // namespace

Path asset_path(std::string_view name) {
  for (const Asset& one : assets()) {
    if (one.name == name) return Path("/admin/assets").segment(one.hash).segment(one.name);
  }
  throw std::logic_error("there is no such asset");
}

Response asset_response(std::string_view hash, std::string_view name) {
  for (const Asset& one : assets()) {
    if (one.name != name || one.hash != hash) continue;
    Response response;
    response.body = one.content;
    response.content_type = content_type(name);
    response.headers = {{"Cache-Control", "public, max-age=31536000, immutable"},
                        {"Content-Security-Policy", "default-src 'none'"},
                        {"Cross-Origin-Resource-Policy", "same-origin"}};
    return response;
  }
  return error_response(404, "not_found", "there is no such address");
}

}  // namespace calsync::api::web
