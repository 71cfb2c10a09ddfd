// SPDX-License-Identifier: Apache-2.0
// Boost's assertions throw instead of aborting: Beast 1.81's chunk parser asserts on bytes that a stranger may send
// (a chunked body cut at the wrong places), and a stranger must not be able to end the process.
#include <boost/assert.hpp>
#include <stdexcept>
#include <string>

namespace boost {

void assertion_failed(char const* expr, char const* function, char const* file, long line) {
  throw std::logic_error(std::string("assertion failed: ") + expr + " in " + function + " (" + file + ":" +
                         std::to_string(line) + ")");
}

void assertion_failed_msg(char const* expr, char const* msg, char const* function, char const* file, long line) {
  throw std::logic_error(std::string("assertion failed: ") + expr + " (" + msg + ") in " + function + " (" + file +
                         ":" + std::to_string(line) + ")");
}

}  // namespace boost
