# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
install(TARGETS calsync-api calsync-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES sql/roles.sql DESTINATION ${CMAKE_INSTALL_DATADIR}/calsync/sql)
