// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"
#include "common/providers/ics/ics_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::ics {

/// Provider `ics`: read-only feeds at a URL, which is the session's credential. No OAuth. The transport and the clock
/// must outlive the adapter.
providers::Adapter make_ics_adapter(net::HttpTransport& transport, const Options& options, const Clock& clock);

}  // namespace calsync::ics
