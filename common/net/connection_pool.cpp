// SPDX-License-Identifier: Apache-2.0
#include "common/net/connection_pool.hpp"

namespace calsync::net {

std::unique_ptr<ByteStream> ConnectionPool::take(const std::string& origin) {
  close_aged();
  const auto found = by_origin_.find(origin);
  if (found == by_origin_.end()) return nullptr;
  auto& places = found->second;
  std::unique_ptr<ByteStream> stream;
  while (!stream && !places.empty()) {
    auto candidate = std::move(places.back()->stream);
    by_age_.erase(places.back());
    places.pop_back();
    if (candidate->quiet()) stream = std::move(candidate);
  }
  if (places.empty()) by_origin_.erase(found);
  return stream;
}

void ConnectionPool::put(const std::string& origin, std::unique_ptr<ByteStream> stream) {
  close_aged();
  const auto found = by_origin_.find(origin);
  const std::size_t of_origin = found == by_origin_.end() ? 0 : found->second.size();
  if (of_origin >= limits_.per_origin || limits_.total == 0) return;
  if (by_age_.size() >= limits_.total) close_oldest();
  const Place place = by_age_.insert(by_age_.end(), Idle{origin, std::move(stream), clock_.monotonic()});
  by_origin_[origin].push_back(place);
}

void ConnectionPool::close_oldest() {
  const auto found = by_origin_.find(by_age_.front().origin);
  found->second.erase(found->second.begin());  // within an origin, too, the oldest comes first
  if (found->second.empty()) by_origin_.erase(found);
  by_age_.pop_front();
}

void ConnectionPool::close_aged() {
  const Duration oldest_kept = clock_.monotonic() - limits_.idle_timeout;
  while (!by_age_.empty() && by_age_.front().since <= oldest_kept) close_oldest();
}

}  // namespace calsync::net
