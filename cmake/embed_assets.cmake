# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=file.cpp -DASSETS=dir -P embed_assets.cmake
# Every file of ASSETS becomes an entry of calsync::api::web::assets(), named by the hash of its content.
set(table "")
file(GLOB files ${ASSETS}/*)
list(SORT files)
foreach(path ${files})
  get_filename_component(name ${path} NAME)
  file(SHA256 ${path} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  file(READ ${path} content)
  string(APPEND table "    {\"${name}\", \"${hash}\", R\"asset(${content})asset\"},\n")
endforeach()
file(WRITE ${OUT}.new "// SPDX-License-Identifier: Apache-2.0\n// Generated from api-server/web/assets by cmake/embed_assets.cmake.\n
#include \"api-server/web/assets.hpp\"\n\n#include <array>\n\nnamespace calsync::api::web {\n
std::span<const Asset> assets() {\n  static constexpr auto all = std::to_array<Asset>({\n${table}  });\n  return all;\n}\n
}  // namespace calsync::api::web\n")
configure_file(${OUT}.new ${OUT} COPYONLY)
