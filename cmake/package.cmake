# SPDX-License-Identifier: Apache-2.0
# `./dev package`: a Debian package of what install.cmake installs, with the units and /etc/calsync.
# Packing builds nothing: whoever packs has built the two binaries.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(places ${CMAKE_BINARY_DIR}/package)
configure_file(deploy/systemd/calsync.env.example ${places}/calsync.env COPYONLY)
configure_file(deploy/systemd/calsync.yaml.example ${places}/calsync.yaml COPYONLY)
install(FILES ${places}/calsync.env ${places}/calsync.yaml DESTINATION /etc/calsync PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ
  COMPONENT system EXCLUDE_FROM_ALL)
file(GLOB units CONFIGURE_DEPENDS deploy/systemd/*.service deploy/systemd/*.timer deploy/systemd/*.target)
install(FILES ${units} DESTINATION /lib/systemd/system COMPONENT system EXCLUDE_FROM_ALL)
install(DIRECTORY deploy/systemd/calsync-.service.d DESTINATION /lib/systemd/system COMPONENT system EXCLUDE_FROM_ALL)
install(FILES deploy/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT system EXCLUDE_FROM_ALL)
# Debian wants its change log compressed, and the same bytes from the same sources.
install(CODE "execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md OUTPUT_FILE ${places}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)"
  COMPONENT system EXCLUDE_FROM_ALL)
install(FILES ${places}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT system EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME calsync)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "calsync authors <calsync@calsync.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "calendar sync between provider accounts and a Postgres mirror")
set(CPACK_PACKAGE_DESCRIPTION "calsync-api connects accounts and serves their events,
calsync-worker keeps the mirror in step. Both work on one Postgres
database, which this package neither makes nor changes:
run calsync-api migrate for that.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL OFF)
# `cmake --install` leaves /etc and the units alone; the package has both parts.
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};calsync;Unspecified;/;${CMAKE_BINARY_DIR};calsync;system;/")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "curl, postgresql-client")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(scripts ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm ${scripts}/conffiles)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/package)
include(CPack)
