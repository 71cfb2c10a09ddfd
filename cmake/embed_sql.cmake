# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=file.cpp -DQUERIES=dir -DMIGRATIONS=dir -P embed_sql.cmake
# Each `-- name: some_name` paragraph of QUERIES/*.sql becomes the constant calsync::sql::some_name (listed in all());
# each MIGRATIONS/NNNN_title.sql becomes one entry of migrations().
set(decls "")
set(defs "")
set(table "")
file(GLOB query_files ${QUERIES}/*.sql)
list(SORT query_files)
foreach(path ${query_files})
  file(READ ${path} text)
  # CMake lists split at semicolons and treat brackets specially: protect them while the text is cut up.
  string(REPLACE ";" "@SEMI@" text "${text}")
  string(REPLACE "[" "@LB@" text "${text}")
  string(REPLACE "]" "@RB@" text "${text}")
  string(REGEX REPLACE "\n-- name: " ";-- name: " parts "\n${text}")
  foreach(part ${parts})
    if(part MATCHES "^-- name: ([a-z0-9_]+)[^\n]*\n(.*)$")
      set(name ${CMAKE_MATCH_1})
      set(body "${CMAKE_MATCH_2}")
      string(STRIP "${body}" body)
      string(REGEX REPLACE "@SEMI@$" "" body "${body}")
      string(REPLACE "@SEMI@" ";" body "${body}")
      string(REPLACE "@LB@" "[" body "${body}")
      string(REPLACE "@RB@" "]" body "${body}")
      string(APPEND decls "extern const Query ${name}@SEMI@\n")
      string(APPEND defs "const Query ${name}{\"${name}\", R\"sql(${body})sql\"};\n")
      string(APPEND table "      &${name},\n")
    endif()
  endforeach()
endforeach()
string(REPLACE "@SEMI@" ";" decls "${decls}")

set(migrations "")
file(GLOB migration_files ${MIGRATIONS}/*.sql)
list(SORT migration_files)
foreach(path ${migration_files})
  get_filename_component(stem ${path} NAME_WE)
  string(REGEX MATCH "^[0-9]+" version ${stem})
  math(EXPR version "${version}")
  file(READ ${path} text)
  # One string literal may not be longer than 64 KiB in some compilers; ours stay well below.
  string(APPEND migrations "      {${version}, \"${stem}\", R\"sql(${text})sql\"},\n")
endforeach()

set(head "// SPDX-License-Identifier: Apache-2.0\n// Generated from sql/ by cmake/embed_sql.cmake.\n")
file(WRITE ${OUT_DIR}/queries.hpp.new "${head}#pragma once\n\n#include <span>\n#include <string_view>\n
namespace calsync::sql {\n
struct Query {\n  std::string_view name;\n  std::string_view text;\n};\n
struct Migration {\n  int version;\n  std::string_view name;\n  std::string_view text;\n};\n
${decls}\nstd::span<const Query* const> all();\nstd::span<const Migration> migrations();\n\n}  // namespace calsync::sql\n")
file(WRITE ${OUT_DIR}/queries.cpp.new "${head}#include \"sql/queries.hpp\"\n\n#include <vector>\n\nnamespace calsync::sql {\n\n${defs}
std::span<const Query* const> all() {\n  static const std::vector<const Query*> every{\n${table}  };\n  return every;\n}\n
std::span<const Migration> migrations() {\n  static const std::vector<Migration> every{\n${migrations}  };\n  return every;\n}\n\n}  // namespace calsync::sql\n")
foreach(ext hpp cpp)
  configure_file(${OUT_DIR}/queries.${ext}.new ${OUT_DIR}/queries.${ext} COPYONLY)
endforeach()
