// SPDX-License-Identifier: Apache-2.0
// bench_store upserts --database URI …    prints lines of JSON
// bench_store seal --keys RING            "CONNECTION OWNER PROVIDER KIND TEXT" lines on stdin, sealed texts on stdout
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string_view>

#include "common/runtime/os_random.hpp"
#include "common/store/credential_store.hpp"
#include "tests/bench/mirror_writes.hpp"
#include "tests/bench/options.hpp"

namespace {

using namespace calsync;

void seal(const bench::Options& options) {
  const Result<KeyRing> keys = KeyRing::parse(options.text("keys"));
  if (!keys) throw std::runtime_error(keys.error().message);
  OsRandom random;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream fields(line);
    std::string connection, owner, provider, kind, text;
    fields >> connection >> owner >> provider >> kind >> text;
    const SealContext context =
        store::credential_context(ConnectionId::trusted(connection), OwnerId::trusted(owner), provider, kind);
    fmt::print("{}\n", keys->seal(Secret(text), context, random));
  }
}

void upserts(const bench::Options& given) {
  bench::WriteOptions options;
  options.database = given.text("database");
  options.rows = static_cast<std::size_t>(given.number("rows", 10000));
  options.page = static_cast<std::size_t>(given.number("page", 250));
  options.rounds = static_cast<int>(given.number("rounds", 5));
  bench::measure_mirror_writes(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const bench::Options options(argc, argv, 2);
    if (verb == "upserts") {
      upserts(options);
    } else if (verb == "seal") {
      seal(options);
    } else {
      throw std::runtime_error("upserts or seal is expected");
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_store: {}\n", error.what());
    return 2;
  }
}
