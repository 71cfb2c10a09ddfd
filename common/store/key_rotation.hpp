// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "common/base/crypto.hpp"
#include "common/db/pool.hpp"

namespace calsync::store {

/// A sealed text that no key of the ring opens, named without what is in it.
struct Unopened {
  std::string table;
  std::string row;     ///< id, and the kind where a table has several
  std::string key_id;  ///< "" = the text is none of ours
  std::string reason;
};

struct RotationReport {
  static constexpr std::array<std::string_view, 4> nouns{"credentials", "abandoned channels", "revocations",
                                                         "connect attempts"};
  std::array<std::int64_t, nouns.size()> resealed{};
  std::int64_t sealed_meanwhile = 0;  ///< with another key, after this had begun: somebody has an older ring
  std::int64_t held = 0;              ///< others had them locked to the end
  std::int64_t unopened = 0;
  std::vector<Unopened> examples{};  ///< the first of them

  std::int64_t left() const { return held + unopened; }
};

/// Seals again, with the first key of the ring, what other keys have sealed, in portions and while daemons run: passes
/// over the tables until one finds nothing more to do. May be interrupted and repeated at any time.
class KeyRotation {
 public:
  KeyRotation(db::Pool& pool, AsyncClock& clock, const KeyRing& keys, Random& random)
      : pool_(pool), clock_(clock), keys_(keys), random_(random) {}

  /// Leaves a line in the audit of operators' actions at its end.
  Task<RotationReport> run();

 private:
  struct Table;
  struct Pass;
  static const std::array<Table, RotationReport::nouns.size()>& tables();
  Task<void> reseal_table(const Table& table, std::int64_t& resealed, Pass& pass);
  Task<void> audit(const RotationReport& report);
  /// The JSON argument of the table's writer; what cannot be opened is noted.
  std::string sealed_anew(const Table& table, const db::Rows& rows, Pass& pass, std::int64_t& opened);

  db::Pool& pool_;
  AsyncClock& clock_;
  const KeyRing& keys_;
  Random& random_;
};

}  // namespace calsync::store
