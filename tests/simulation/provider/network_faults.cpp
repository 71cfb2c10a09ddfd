// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/network_faults.hpp"

namespace calsync::simulation {

const NetworkFault* NetworkFaults::hit(std::string_view url, Time now) {
  for (NetworkFault& fault : faults_) {
    if (fault.spent(now) || url.find(fault.url_part) == url.npos) continue;
    ++fault.fired;
    return &fault;
  }
  return nullptr;
}

}  // namespace calsync::simulation
