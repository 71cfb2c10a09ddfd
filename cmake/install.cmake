# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
install(TARGETS calsync-api calsync-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES sql/roles.sql DESTINATION ${CMAKE_INSTALL_DATADIR}/calsync/sql)
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/calsync)
install(FILES deploy/systemd/calsync.env.example deploy/systemd/calsync.yaml.example DESTINATION ${CMAKE_INSTALL_DATADIR}/calsync/examples)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN adr EXCLUDE)
include(cmake/package.cmake)
