// SPDX-License-Identifier: Apache-2.0
// From a request below /entra or /graph to an answer: faults, credentials, limits, handler, log.
#pragma once

#include "delta_fault.hpp"
#include "graph_operation.hpp"

namespace calsync::emulator::microsoft {

bool serves(std::string_view path);

class Front {
 public:
  explicit Front(Provider& provider) : provider_(provider) {}
  Response answer(const Request& request);

 private:
  Response answer_entra(const Request& request);
  Response answer_graph(const Request& request);
  Response handled(const Request& request, const GraphRoute& route, DeltaFault* bending);
  Response batch(const Request& request);
  Response logged(const Request& request, const GraphRoute& route, std::string_view operation);

  Provider& provider_;
};

}  // namespace calsync::emulator::microsoft
