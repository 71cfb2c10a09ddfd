// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/microsoft_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::microsoft {

/// Provider `microsoft`. The transport and the clock must outlive the adapter.
providers::Adapter make_microsoft_adapter(const Options& options, net::HttpTransport& transport, const Clock& clock);

}  // namespace calsync::microsoft
