// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace calsync::simulation {

/// A row as a statement found it and as it left it; null = it was not there.
template <class Row>
struct Change {
  std::shared_ptr<const Row> before{};
  std::shared_ptr<const Row> after{};
};

template <class Key, class Row>
struct NoIndex {
  void change(const Key&, const Row*, const Row*) {}
};

/// Rows by key. They are immutable and shared, so that observers may keep what they saw. Whatever changes is
/// remembered until commit() or roll_back(); an Index is told of each change, also of those that are taken back.
template <class Key, class Row, class Index = NoIndex<Key, Row>>
class Table {
 public:
  using Pointer = std::shared_ptr<const Row>;
  using Rows = std::map<Key, Pointer>;

  const Rows& rows() const { return rows_; }
  const Index& index() const { return index_; }
  std::size_t size() const { return rows_.size(); }
  const Row* find(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : found->second.get();
  }

  void put(const Key& key, Row row) {
    Pointer after = std::make_shared<const Row>(std::move(row));
    const auto [place, added] = rows_.try_emplace(key);
    index_.change(key, place->second.get(), after.get());
    journal_.emplace_back(key, std::exchange(place->second, std::move(after)));
  }
  /// False = there was none.
  bool erase(const Key& key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return false;
    index_.change(key, found->second.get(), nullptr);
    journal_.emplace_back(key, std::move(found->second));
    rows_.erase(found);
    return true;
  }

  /// What has changed since the last commit, each row once, by key.
  std::vector<Change<Row>> changes() const {
    std::map<Key, Pointer> first;
    for (const auto& [key, before] : journal_) first.try_emplace(key, before);
    std::vector<Change<Row>> changes;
    for (auto& [key, before] : first) {
      const auto found = rows_.find(key);
      changes.push_back({std::move(before), found == rows_.end() ? nullptr : found->second});
    }
    return changes;
  }
  void commit() { journal_.clear(); }
  void roll_back() {
    for (auto entry = journal_.rbegin(); entry != journal_.rend(); ++entry) restore(entry->first, entry->second);
    journal_.clear();
  }

 private:
  void restore(const Key& key, const Pointer& before) {
    const auto found = rows_.find(key);
    index_.change(key, found == rows_.end() ? nullptr : found->second.get(), before.get());
    if (!before) {
      rows_.erase(found);
    } else {
      rows_[key] = before;
    }
  }

  Rows rows_;
  Index index_;
  std::vector<std::pair<Key, Pointer>> journal_;
};

}  // namespace calsync::simulation
