# SPDX-License-Identifier: Apache-2.0
# calsync_library(name DEPENDS …): a static library of every .cpp in the calling folder. DEPENDS is the whole list of
# what its files may include; tests/architecture checks the includes against it.
function(calsync_library name)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    add_library(calsync_${name} INTERFACE)
    target_include_directories(calsync_${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(calsync_${name} INTERFACE ${arg_DEPENDS})
    return()
  endif()
  add_library(calsync_${name} STATIC ${sources})
  target_include_directories(calsync_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(calsync_${name} PUBLIC ${arg_DEPENDS} PRIVATE calsync_warnings)
endfunction()
