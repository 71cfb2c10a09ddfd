// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <stdexcept>
#include <string>

namespace calsync::bench {

/// "--name value" pairs. The callers are this folder's scripts: mistakes end the program.
class Options {
 public:
  Options(int argc, char** argv, int first) {
    for (int i = first; i + 1 < argc; i += 2) values_[argv[i]] = argv[i + 1];
  }
  std::string text(const std::string& name) const {
    const auto found = values_.find("--" + name);
    if (found == values_.end()) throw std::runtime_error("--" + name + " is missing");
    return found->second;
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    return values_.contains("--" + name) ? text(name) : otherwise;
  }
  double number(const std::string& name, double otherwise) const {
    return values_.contains("--" + name) ? std::stod(text(name)) : otherwise;
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace calsync::bench
