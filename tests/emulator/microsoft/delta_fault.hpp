// SPDX-License-Identifier: Apache-2.0
// Faults of what a delta says: of its items and pages.
#pragma once

#include "delta_token.hpp"
#include "tests/emulator/fault.hpp"

namespace calsync::emulator::microsoft {

bool bends_delta(std::string_view kind);

struct DeltaItem {
  std::string json;
  Item* item = nullptr;
};

// One call that such a fault hits. `done` tells whether there was anything that it could bend.
class DeltaFault {
 public:
  explicit DeltaFault(const Fault& fault) : fault_(fault), kind_(fault.kind) {}

  bool done = false;

  // Before a round begins: new change keys and nothing else new; how many of the latest changes are not known here yet.
  void before_round(Folder& folder);
  std::int64_t changes_missed();
  // Asked while a page is made; each is true for one kind.
  bool empties();                  // no items yet, although there are some
  bool ends_apart(bool last);      // the deltaLink comes later, on an empty page
  bool halves(std::size_t units);  // the page ends after half of its changes
  bool repeats() const { return kind_ == "page_overlap"; }
  bool skips() const { return kind_ == "page_skip"; }
  bool hides_master();  // stubs without their series
  // Changes the items of a page.
  void bend(std::vector<DeltaItem>& items, Folder& folder, const Preferences& preferences);

 private:
  void put_exceptions_first(std::vector<DeltaItem>& items);
  void spoil(std::string& item);
  std::int64_t count(std::int64_t otherwise) const { return fault_.count > 0 ? fault_.count : otherwise; }
  std::size_t choice(std::size_t n) const { return static_cast<std::size_t>(fault_.fired * 7 + fault_.id) % n; }

  const Fault& fault_;
  std::string_view kind_;
};

}  // namespace calsync::emulator::microsoft
