// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http/respond.hpp"

namespace calsync::api {

/// Every route speaks of requests and answers: here these words need no prefix.
using namespace http;

}  // namespace calsync::api
