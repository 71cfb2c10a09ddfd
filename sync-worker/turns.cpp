// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/turns.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace calsync::worker {
namespace {

constexpr std::size_t aged_every = 8;

/// Places in `found`.
using Order = std::vector<std::size_t>;

template <class Group, class Urgency>
Order ordered(const std::vector<store::Candidate>& found, const Order& start, Group group, Urgency urgency) {
  std::map<decltype(group(found[0])), std::size_t> seen;
  std::vector<std::tuple<int, std::size_t, std::size_t, std::size_t>> keys;
  for (std::size_t at = 0; at < start.size(); ++at) {
    const store::Candidate& one = found[start[at]];
    keys.emplace_back(urgency(one), seen[group(one)]++, at, start[at]);
  }
  std::sort(keys.begin(), keys.end());
  Order order;
  for (const auto& key : keys) order.push_back(std::get<3>(key));
  return order;
}

Order once_each(const std::vector<store::Candidate>& found) {
  std::set<ConnectionId> seen;
  Order order;
  for (std::size_t at = 0; at < found.size(); ++at) {
    if (seen.insert(found[at].connection).second) order.push_back(at);
  }
  return order;
}

}  // namespace

std::deque<store::Candidate> in_turns(std::vector<store::Candidate> found) {
  const Order given = once_each(found);
  const Order urgent = ordered(
      found, given, [](const auto& one) { return std::pair(one.rank, one.owner); },
      [](const auto& one) { return static_cast<int>(one.rank); });
  Order by_age = given;
  std::sort(by_age.begin(), by_age.end(), [&](std::size_t left, std::size_t right) {
    return std::pair(found[right].overdue, left) < std::pair(found[left].overdue, right);
  });
  const Order aged = ordered(found, by_age, [](const auto& one) { return one.owner; }, [](const auto&) { return 0; });
  std::vector<bool> placed(found.size(), false);
  std::deque<store::Candidate> turns;
  auto next = [&](auto& at, const Order& order) {
    while (at != order.end() && placed[*at]) ++at;
    if (at == order.end()) return;
    placed[*at] = true;
    turns.push_back(std::move(found[*at]));
  };
  auto first = urgent.begin();
  auto oldest = aged.begin();
  while (turns.size() < given.size()) {
    if (turns.size() % aged_every == aged_every - 1) {
      next(oldest, aged);
    } else {
      next(first, urgent);
    }
  }
  return turns;
}

}  // namespace calsync::worker
