// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::google {

/// Provider `google`. The transport and the clock must outlive the adapter.
providers::Adapter make_google_adapter(const Options& options, net::HttpTransport& transport, const Clock& clock);

}  // namespace calsync::google
