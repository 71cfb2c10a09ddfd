// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/provider/provider_faults.hpp"

namespace calsync::simulation {

std::span<const ProviderFault> network_faults();
std::span<const ProviderFault> http_faults();
std::span<const ProviderFault> meaning_faults();
std::span<const ProviderFault> push_faults();

}  // namespace calsync::simulation
