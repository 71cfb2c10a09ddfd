// SPDX-License-Identifier: Apache-2.0
// bench_http load --port P --request FILE …   prints one line of JSON     bench_http serve --port-file F
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>

#include "tests/bench/canned_provider.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/bench/options.hpp"

namespace {

using namespace calsync::bench;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int load(const Options& given) {
  LoadOptions options;
  options.port = static_cast<unsigned short>(given.number("port", 0));
  options.connections = static_cast<int>(given.number("connections", 64));
  options.seconds = given.number("seconds", 5);
  options.rate = given.number("rate", 0);
  options.count = static_cast<std::uint64_t>(given.number("count", 0));
  options.channels = static_cast<std::uint64_t>(given.number("channels", 1));
  options.first = static_cast<std::uint64_t>(given.number("first", 0));
  options.request = content_of(given.text("request"));
  options.log = given.text("log", "");
  fmt::print("{}\n", run_load(options));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const Options options(argc, argv, 2);
    if (verb == "load") return load(options);
    if (verb == "serve") {
      serve_canned_answers(options.text("port-file"));
      return 0;
    }
    throw std::runtime_error("load or serve is expected");
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_http: {}\n", error.what());
    return 2;
  }
}
