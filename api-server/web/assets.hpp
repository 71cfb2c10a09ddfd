// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "api-server/http.hpp"
#include "api-server/web/html.hpp"

namespace calsync::api::web {

/// A file of api-server/web/assets, as it was at build.
struct Asset {
  std::string_view name;  ///< "page.css"
  std::string_view hash;  ///< of its content; part of its address, so that a browser may keep it
  std::string_view content;
};
std::span<const Asset> assets();

/// "/admin/assets/HASH/page.css"; a bug if there is no such file.
Path asset_path(std::string_view name);
/// What stands at that address; 404 otherwise.
Response asset_response(std::string_view hash, std::string_view name);

}  // namespace calsync::api::web
