// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_identity.hpp"

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "common/base/crypto.hpp"
#include "common/calendar/fingerprint.hpp"

namespace calsync::calendar {
namespace {

/// A B-tree entry of Postgres holds about 2,700 bytes, with the other columns of the key.
constexpr std::size_t longest_id = 500;

std::string bounded(const std::string& uid) {
  return uid.size() <= longest_id ? uid : "uid-" + sha256_hex(uid).substr(0, 32);
}

/// An event by another name for each of its revisions.
struct Key {
  std::string uid{};
  std::string recurrence{};
  std::string start{};  ///< only where the UID alone does not say which event it is
  auto operator<=>(const Key&) const = default;
};

class Identification {
 public:
  Identification(std::vector<IcalEvent> events, IdSource source) : events_(std::move(events)), source_(source) {}

  Identified run() {
    find_written_out();
    choose_revisions();
    choose_masters();
    choose_ids();
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].problem.empty() && !is_current(i)) {
        ++identified_.superseded;
      } else {
        emit(i);
      }
    }
    return std::move(identified_);
  }

 private:
  bool readable_with_uid(const IcalEvent& one) const { return one.problem.empty() && !one.uid.empty(); }

  void find_written_out() {
    std::map<std::pair<std::string, std::int64_t>, std::string> starts;
    for (const IcalEvent& one : events_) {
      if (!readable_with_uid(one) || !one.recurrence_key.empty()) continue;
      const std::string start = basic_form(one.event.start);
      const auto [found, added] = starts.try_emplace({one.uid, one.event.sequence}, start);
      if (!added && found->second != start) written_out_.insert(one.uid);
    }
  }

  Key key_of(const IcalEvent& one) const {
    const bool by_start = one.recurrence_key.empty() && written_out_.contains(one.uid);
    return {one.uid, one.recurrence_key, by_start ? basic_form(one.event.start) : std::string()};
  }

  bool is_newer(const IcalEvent& one, const IcalEvent& other) const {
    return std::tie(one.event.sequence, one.modified) >= std::tie(other.event.sequence, other.modified);
  }

  void choose_revisions() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (!readable_with_uid(events_[i])) continue;
      const auto [found, added] = current_.try_emplace(key_of(events_[i]), i);
      if (!added && is_newer(events_[i], events_[found->second])) found->second = i;
    }
  }

  /// The event that exceptions of a UID belong to.
  void choose_masters() {
    for (const auto& [key, index] : current_) {
      if (!key.recurrence.empty()) continue;
      const IcalEvent& one = events_[index];
      // Keys are sorted, so the first recurring one of a UID is its earliest (basic forms sort by time).
      if (one.event.recurrence.empty() && written_out_.contains(one.uid)) continue;
      masters_.try_emplace(one.uid, index);
    }
  }

  bool is_current(std::size_t index) const {
    const IcalEvent& one = events_[index];
    return one.uid.empty() || current_.at(key_of(one)) == index;
  }

  std::string id_by_uid(std::size_t index) const {
    const IcalEvent& one = events_[index];
    const std::string uid = bounded(one.uid);
    if (!one.recurrence_key.empty()) return uid + "/" + one.recurrence_key;
    const auto master = masters_.find(one.uid);
    const bool plain = !written_out_.contains(one.uid) || (master != masters_.end() && master->second == index);
    return plain ? uid : uid + "#" + basic_form(one.event.start);
  }

  bool by_content(const IcalEvent& one) const { return source_ == IdSource::content || one.uid.empty(); }

  std::string id_by_content(const IcalEvent& one) const {
    return "content-" + (one.problem.empty() ? content_key(one.event) : one.digest);
  }

  std::string master_id(const IcalEvent& one) const {
    if (one.recurrence_key.empty() || one.uid.empty()) return {};
    if (source_ == IdSource::uid) return bounded(one.uid);
    const auto master = masters_.find(one.uid);
    return master == masters_.end() ? std::string() : id_by_content(events_[master->second]);
  }

  /// No two events of a file share an id, or one of them would be lost.
  std::string unique(std::string id) {
    const int ordinal = ++uses_[id];
    if (ordinal > 1) id += "~" + std::to_string(ordinal);
    return id;
  }

  /// Unreadable events come last: a broken namesake before it in the file changes no readable event's id.
  void choose_ids() {
    ids_.resize(events_.size());
    for (const bool readable : {true, false}) {
      for (std::size_t i = 0; i < events_.size(); ++i) {
        const IcalEvent& one = events_[i];
        if (one.problem.empty() != readable || (readable && !is_current(i))) continue;
        ids_[i] = unique(by_content(one) ? id_by_content(one) : id_by_uid(i));
      }
    }
  }

  void emit(std::size_t index) {
    IcalEvent& one = events_[index];
    std::string id = std::move(ids_[index]);
    // A UID that is another one at each fetch would make every row look changed.
    const std::string uid = source_ == IdSource::content ? std::string() : one.uid;
    if (!one.problem.empty()) {
      identified_.events.push_back(EventUnreadable{std::move(id), uid, "an event cannot be understood: " + one.problem,
                                                   one.event.raw_payload, one.digest});
      return;
    }
    Event event = one.event;
    event.external_event_id = std::move(id);
    event.ical_uid = uid;
    event.recurring_event_id = master_id(one);
    event.etag = fingerprint(event);
    identified_.events.push_back(std::move(event));
  }

  std::vector<IcalEvent> events_;
  IdSource source_;
  std::set<std::string> written_out_;
  std::map<Key, std::size_t> current_;
  std::map<std::string, std::size_t> masters_;
  std::map<std::string, int> uses_;
  std::vector<std::string> ids_;
  Identified identified_;
};

}  // namespace

Identified identify(std::vector<IcalEvent> events, IdSource source) {
  return Identification(std::move(events), source).run();
}

}  // namespace calsync::calendar
