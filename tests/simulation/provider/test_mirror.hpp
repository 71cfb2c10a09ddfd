// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "common/providers/google/google_adapter.hpp"
#include "common/providers/ics/ics_adapter.hpp"
#include "tests/simulation/provider/mirror_row.hpp"
#include "tests/simulation/provider/test_world.hpp"

namespace calsync::simulation::testing {

/// What the product's adapters and its reconcile() make of one calendar, without queue and database.
class TestMirror {
 public:
  TestMirror(TestWorld& world, Grant grant, std::string calendar_id);
  /// Of a feed.
  TestMirror(TestWorld& world, std::string url);

  /// One read: a delta where there is a cursor, a full read where there is none or it has expired. A failure leaves the
  /// mirror as it was.
  Result<void> sync();
  /// At most so many reads until two of them in a row go well. False = they did not.
  bool settle(int most = 40);
  std::map<std::string, CanonicalRow> rows(const std::string& zone) const;
  void forget_cursor() { cursor_.clear(); }

 private:
  Result<void> read(std::string cursor);
  void apply(sync::Delta delta, bool snapshot);

  TestWorld& world_;
  Grant grant_;
  std::string calendar_id_, cursor_;
  bool is_feed_ = false;
  providers::Adapter adapter_;
  std::map<std::string, sync::MirrorRow> rows_;
};

/// How the mirror differs from the truth, a line for each difference.
std::vector<std::string> compare(const std::map<std::string, CanonicalRow>& rows,
                                 const std::map<std::string, CanonicalRow>& truth);

}  // namespace calsync::simulation::testing
