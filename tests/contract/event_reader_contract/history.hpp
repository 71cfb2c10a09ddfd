// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/providers/provider.hpp"
#include "tests/contract/event_reader_contract/world.hpp"

namespace calsync::contract {

/// An event as its author thinks of it: wall time in a zone, or whole days.
struct Draft {
  std::string title = "One";
  std::string date = "2026-03-09";
  std::string time = "09:00";  ///< "" = all day
  int minutes = 30;            ///< of an all-day event: days, times 1440
  std::string zone = "Europe/Berlin";
  std::string rule{};  ///< of RFC 5545, without its name; "" = no series
  std::string description{};
  bool busy = true;

  bool all_day() const { return time.empty(); }
};

Draft single(std::string title, std::string date, std::string time = "09:00");
Draft series(std::string title, std::string date, std::string rule, std::string time = "09:00");
Draft whole_day(std::string title, std::string date, int days = 1);

/// The wall time of a draft's occurrence on `date`, and that plus minutes: "2026-03-09T09:00:00".
std::string wall_start(const Draft& draft, const std::string& date);
std::string wall_end(const Draft& draft, const std::string& date);
/// Its instant, as "20260309T080000Z", or its date as "20260309".
std::string utc_slot(const Draft& draft, const std::string& date);

/// Somebody's calendar at one provider. Events go by keys of the test's own.
class Author {
 public:
  explicit Author(World& world) : world_(world) {}
  virtual ~Author() = default;
  Author(const Author&) = delete;
  Author& operator=(const Author&) = delete;

  /// Makes the event, or makes it what the draft says.
  virtual void put(const std::string& key, const Draft& draft) = 0;
  virtual void remove(const std::string& key) = 0;
  /// One occurrence, by the date it has in its series.
  virtual void move(const std::string& key, const std::string& date, const Draft& to) = 0;
  virtual void cancel(const std::string& key, const std::string& date) = 0;
  /// What the reader has is unknown from now on.
  virtual void expire() = 0;
  /// At most so many items a page; 0 = as the provider likes.
  virtual void page(int items);
  /// A page without anything before the first item.
  virtual void empty_pages(int pages);

  virtual providers::Adapter adapter() = 0;
  virtual providers::Session session() = 0;
  virtual std::string calendar() = 0;

 protected:
  World& world_;
};

/// By the adapter's name: google, microsoft, ics.
std::unique_ptr<Author> make_author(const std::string& provider, World& world);
std::unique_ptr<Author> make_google_author(World& world);
std::unique_ptr<Author> make_microsoft_author(World& world);
std::unique_ptr<Author> make_feed_author(World& world);

}  // namespace calsync::contract
