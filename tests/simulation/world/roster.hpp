// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/provider/emulated_world.hpp"
#include "tests/simulation/provider/feed_author.hpp"

namespace calsync::simulation {

/// An account at the provider, or a feed, and the connection that it has at present.
struct Member {
  std::string owner{};
  std::string provider{};  ///< "google", "microsoft" or "ics"
  std::string account{};   ///< provider_user_id
  Grant grant{};           ///< the latest one; feeds have none
  FeedAuthor* feed = nullptr;
  std::string connection{};  ///< "" = disconnected
};

/// Who takes part in a world.
struct Roster {
  std::vector<Member> members{};

  Member* by_connection(std::string_view id) {
    for (Member& one : members) {
      if (!id.empty() && one.connection == id) return &one;
    }
    return nullptr;
  }
  Member* by_email(std::string_view email) {
    for (Member& one : members) {
      if (!email.empty() && one.grant.email == email) return &one;
    }
    return nullptr;
  }
  Member* by_feed_url(std::string_view url) {
    for (Member& one : members) {
      if (one.feed && one.feed->url() == url) return &one;
    }
    return nullptr;
  }
};

}  // namespace calsync::simulation
