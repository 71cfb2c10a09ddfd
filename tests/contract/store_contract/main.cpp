// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/contract/store_contract/options.hpp"

namespace calsync::contract {

Options& options() {
  static Options options;
  return options;
}

}  // namespace calsync::contract

int main(int argc, char* argv[]) {
  Catch::Session session;
  auto& options = calsync::contract::options();
  session.cli(session.cli() |
              Catch::clara::Opt(options.operations, "N")["--operations"]("how many operations are compared") |
              Catch::clara::Opt(options.seed, "S")["--seed"]("where the operations come from"));
  const int wrong = session.applyCommandLine(argc, argv);
  return wrong != 0 ? wrong : session.run();
}
