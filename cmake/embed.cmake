# SPDX-License-Identifier: Apache-2.0
set(CALSYNC_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_sql.cmake)
set(CALSYNC_EMBED_ASSETS_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_assets.cmake)
