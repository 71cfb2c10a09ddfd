// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/async/clock.hpp"
#include "common/base/quota.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/calendar/change.hpp"
#include "common/net/oauth2.hpp"

// What an adapter is. Adapters hold a transport and settings, nothing else: no store, clock, refresh, retry or paging
// loop. What a provider cannot do is a null pointer, not a method that answers "unsupported".
namespace calsync::providers {

/// What a call needs to act for one account.
struct Session {
  Secret credential{};    ///< access token (OAuth), password (CalDAV) or the feed's URL (ICS)
  std::string account{};  ///< the account's id at the provider
  Deadline deadline;
};

struct Calendar {
  std::string external_calendar_id{};
  std::string name{};
  std::string time_zone{};    ///< IANA, "" = unknown
  std::string access_role{};  ///< as the provider says: owner, writer, reader, freeBusyReader …
  bool is_primary = false;
  bool readable = true;  ///< false = listed, but its events cannot be read
};

struct CalendarRemoved {
  std::string external_calendar_id{};
};

using CalendarChange = std::variant<Calendar, CalendarRemoved>;

using calendar::EventChange;
using calendar::EventRemoved;
using calendar::EventUnreadable;

/// One page of changes. `next_page` or `next_cursor` is set; neither = the end of a read that has to be a full one next
/// time.
template <class Change>
struct Page {
  std::vector<Change> changes{};
  std::string next_page{};
  std::string next_cursor{};
  /// True on every page of a full read: what no page of it mentions is gone. A full read answers an empty cursor, but
  /// an adapter whose provider has no increments (feeds) also answers a cursor with one.
  bool snapshot = false;
  /// Feeds: what the calendar itself is called and where it is, which comes with its events.
  std::optional<Calendar> about{};
};

class EventReader {
 public:
  virtual ~EventReader() = default;
  /// `cursor` "" = list everything. failure cursor_expired = list again with "".
  virtual Task<Result<Page<CalendarChange>>> list_calendars(Session session, std::string cursor, std::string page) = 0;
  /// `cursor` "" = read everything. failures: cursor_expired (read again with ""), not_found (the calendar is gone).
  virtual Task<Result<Page<EventChange>>> list_events(Session session, std::string calendar_id, std::string cursor,
                                                      std::string page) = 0;
};

struct Account {
  std::string id{};  ///< stable at the provider (Google: sub)
  std::string email{};
};

/// OAuth providers only.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual std::string authorization_url(const std::string& state, const Secret& verifier,
                                        const std::string& login_hint) const = 0;
  virtual Task<Result<net::TokenGrant>> exchange(std::string code, Secret verifier, Deadline deadline) = 0;
  virtual Task<Result<Account>> identify(net::TokenGrant grant, Deadline deadline) = 0;
  virtual Task<Result<net::TokenGrant>> refresh(Secret refresh_token, Deadline deadline) = 0;
  /// Success also when the provider no longer knows the token.
  virtual Task<Result<void>> revoke(Secret token, Deadline deadline) = 0;
  /// Scopes that a working connection needs and `granted` lacks.
  virtual std::set<std::string> missing_scopes(const std::set<std::string>& granted) const = 0;
};

/// What a push message says about its channel.
enum class PushKind {
  changed,  ///< something changed, or may have: the provider is to be read
  renew,    ///< the channel stops speaking soon unless it is replaced
  ended     ///< the provider has ended it
};

/// A push message speaks of one channel or of several, of any accounts. Before it is authenticated it is only a hint.
struct PushItem {
  std::string channel_id{};
  Secret token{};             ///< the channel's secret, as the message shows it
  std::string resource_id{};  ///< what the channel watches, in the provider's words
  PushKind kind = PushKind::changed;
};
struct PushMessage {
  std::vector<PushItem> items{};
  int malformed = 0;   ///< items that cannot be understood, and do not spoil the others
  int accepted = 200;  ///< the status by which the provider learns that it need not repeat this
};

/// The provider asks whether we want its messages: answered at once with this text, before anything is known.
struct PushHandshake {
  std::string text{};
};

/// A request's header by lower-case name, or a part of its query by name; "" when absent.
using HeaderLookup = std::function<std::string_view(std::string_view name)>;
struct PushRequest {
  HeaderLookup header{};
  HeaderLookup query{};
  std::string_view body{};
};

/// Providers that announce changes only.
class PushDecoder {
 public:
  virtual ~PushDecoder() = default;
  /// failure invalid_input: this is no message of the provider's; the sentence says what is wrong with it.
  virtual Result<std::variant<PushMessage, PushHandshake>> decode(const PushRequest& request) const = 0;
};

/// A channel that is to be opened.
struct ChannelRequest {
  std::string calendar_id{};
  std::string channel_id{};  ///< ours, never used before
  Secret secret{};           ///< comes back with every message
  std::string address{};     ///< where the provider sends its messages
  std::chrono::seconds life{};
};

struct OpenedChannel {
  std::string resource_id{};  ///< the provider's name for what is watched, as its messages give it
  std::optional<Time> expires_at{};
  bool gap = false;  ///< an older channel had to end before this one could speak
};

/// Providers that announce changes only.
class PushChannels {
 public:
  virtual ~PushChannels() = default;
  /// Nothing = this calendar cannot be watched, now or later. failures also: misconfigured (the provider does not
  /// accept the address), not_found (the calendar is gone).
  virtual Task<Result<std::optional<OpenedChannel>>> open(Session session, ChannelRequest request) = 0;
  /// Success also when the provider does not know the channel.
  virtual Task<Result<void>> stop(Session session, std::string channel_id, std::string resource_id) = 0;
  /// False = there is no way to ask which channels exist, and the channels of one calendar share its resource id. True
  /// = each has its own, and `stop` finds the channel also with "" for a resource id that never arrived.
  virtual bool finds_channels() const { return false; }
};

/// How much the provider bears and where it is. All workers keep these limits together.
struct Bounds {
  std::string project{};  ///< whose calls `project_calls` counts: the client id
  std::string host{};     ///< where the calls go; "" = to a host of each connection's own
  Quota project_calls{};
  Quota account_calls{};
  Quota host_calls{};
  int account_concurrency = 0;  ///< calls of one account at a time, 0 = as many as come
  int full_reads = 0;           ///< of calendars, at a time, that nobody waits for; 0 = as many as come
};

/// One calendar provider. `name` is the `provider` column and the path segment of its OAuth endpoints.
struct Adapter {
  std::string name{};
  std::unique_ptr<EventReader> reader{};
  std::unique_ptr<Authorizer> authorizer{};     ///< null = no OAuth (ics, caldav)
  std::unique_ptr<PushDecoder> push_decoder{};  ///< null = no push messages
  std::unique_ptr<PushChannels> push_channels{};
  Bounds bounds{};
  /// Where the calls of one connection go, if not to `bounds.host`; "" = unknown.
  std::function<std::string(const Secret& credential)> host_of{};
};

}  // namespace calsync::providers
