// SPDX-License-Identifier: Apache-2.0
// From a request to an answer: faults, credentials, scopes, handler, log.
#pragma once

#include "operation.hpp"

namespace calsync::emulator {

class Service {
 public:
  explicit Service(Provider& provider) : provider_(provider) {}
  Response answer(Request& request);

 private:
  Response answer_any(Request& request);
  Response answer_api(const Request& request, const Classified& classified, ListFault* list_fault);
  Response answer_other(const Request& request, const Classified& classified);
  Response answer_logged(Request& request);

  Provider& provider_;
};

}  // namespace calsync::emulator
