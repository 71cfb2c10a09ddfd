// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>

#include "common/runtime/os_random.hpp"
#include "sync-worker/token_keeper.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::worker {
namespace {

using namespace std::chrono_literals;
using testing::VirtualClock;

/// The provider's token endpoint: each refresh token has one answer; what was asked is kept.
struct Endpoint final : providers::Authorizer {
  std::map<std::string, Result<net::TokenGrant>> answers;
  std::vector<std::string> asked;
  std::function<void()> meanwhile = [] {};

  std::string authorization_url(const std::string&, const Secret&, const std::string&) const override { return ""; }
  Task<Result<net::TokenGrant>> exchange(std::string, Secret, Deadline) override { co_return net::TokenGrant{}; }
  Task<Result<providers::Account>> identify(net::TokenGrant, Deadline) override { co_return providers::Account{}; }
  Task<Result<void>> revoke(Secret, Deadline) override { co_return Result<void>(); }
  std::set<std::string> missing_scopes(const std::set<std::string>& granted) const override {
    return granted.contains("calendar") ? std::set<std::string>() : std::set<std::string>{"calendar"};
  }
  Task<Result<net::TokenGrant>> refresh(Secret token, Deadline) override {
    asked.emplace_back(token.reveal());
    meanwhile();
    const auto found = answers.find(asked.back());
    if (found == answers.end()) co_return fail(Failure::grant_dead, "token expired or revoked");
    co_return found->second;
  }
};

struct Table final : store::CredentialTable {
  std::map<std::string, std::string> rows;
  std::optional<Time> expiry;
  int failures = 0;  ///< that the next writes meet
  bool ours = true;
  int writes = 0;

  Task<Stored> read(ConnectionId) override { co_return Stored{{rows.begin(), rows.end()}, expiry}; }
  Task<bool> replace(ConnectionId, std::int64_t, std::vector<store::SealedCredential> credentials,
                     std::optional<Time> until) override {
    ++writes;
    if (failures > 0) {
      --failures;
      throw db::DatabaseError("the connection broke", "");
    }
    if (!ours) co_return false;
    for (const store::SealedCredential& one : credentials) rows[one.kind] = one.sealed;
    expiry = until;
    co_return true;
  }
};

struct Scene {
  VirtualClock clock;
  OsRandom random;
  KeyRing keys = *KeyRing::parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  Table table;
  store::CredentialStore store{table, keys, random};
  TokenKeeper keeper{clock, store};
  providers::Adapter adapter;
  Endpoint* endpoint = nullptr;
  sync::Claim claim;

  Scene() {
    auto made = std::make_unique<Endpoint>();
    endpoint = made.get();
    adapter.authorizer = std::move(made);
    claim.connection = *ConnectionId::parse("33333333-3333-4333-8333-333333333333");
    claim.owner = *OwnerId::parse("11111111-1111-4111-8111-111111111111");
    claim.provider = "google";
    stored("access-1", "refresh-1", 1h);
    claim.token_expiry = table.expiry;
    claim.sealed_credentials = {table.rows.begin(), table.rows.end()};
  }
  /// As a reconnect stores them.
  void stored(const std::string& access, const std::string& refresh, Duration life) {
    for (const auto& one : store.seal(claim.connection, claim.owner, claim.provider,
                                      {{"access_token", Secret(access)}, {"refresh_token", Secret(refresh)}}))
      table.rows[one.kind] = one.sealed;
    table.expiry = clock.now() + life;
  }
  void gives(const std::string& refresh, const std::string& access, const std::string& rotated = "") {
    endpoint->answers.emplace(refresh, net::TokenGrant{Secret(access), Secret(rotated), 3600s, {"calendar"}, Secret()});
  }
  std::string kept(const std::string& kind) {
    sync::Claim now = claim;
    now.sealed_credentials = {table.rows.begin(), table.rows.end()};
    return std::string(store.open(now)->find(kind)->second.reveal());
  }
  static Result<void> always() { return {}; }
  Result<TokenKeeper::Renewed> renew(const std::string& refused) {
    return testing::run_task(keeper.renew(claim, adapter, Secret(refused), Deadline(clock, 30s), always), &clock);
  }
  Result<worker::TokenKeeper::Renewed> credential() {
    return testing::run_task(keeper.credential(claim, adapter, Deadline(clock, 30s), always), &clock);
  }
  std::vector<std::string> asked() const { return endpoint->asked; }
};

using Asked = std::vector<std::string>;

TEST_CASE("a token that lasts is used, one that ends is renewed and kept", "[worker][tokens]") {
  Scene scene;
  scene.gives("refresh-1", "access-2", "refresh-2");
  CHECK(scene.credential()->token.reveal() == "access-1");
  CHECK(scene.asked().empty());
  scene.clock.advance(59min);
  CHECK(scene.credential()->token.reveal() == "access-2");
  CHECK(scene.asked() == Asked{"refresh-1"});
  CHECK(scene.kept("access_token") == "access-2");
  CHECK(scene.kept("refresh_token") == "refresh-2");
  CHECK(scene.table.expiry == scene.clock.now() + 1h);
}

TEST_CASE("a token that somebody has stored since is taken without asking the provider", "[worker][tokens]") {
  Scene scene;
  scene.gives("refresh-1", "access-9");
  SECTION("after a refusal") {
    scene.stored("access-2", "refresh-1", 1h);
    const auto renewed = scene.renew("access-1");
    CHECK(renewed->token.reveal() == "access-2");
    CHECK(renewed->adopted);
    CHECK(scene.asked().empty());
  }
  SECTION("where the claim's has ended") {
    scene.clock.advance(1h);
    scene.stored("access-2", "refresh-1", 1h);
    CHECK(scene.credential()->token.reveal() == "access-2");
    CHECK(scene.asked().empty());
  }
  SECTION("not the refused one itself") { CHECK(scene.renew("access-1")->token.reveal() == "access-9"); }
  SECTION("nor one that is about to end") {
    scene.stored("access-2", "refresh-1", 1min);
    CHECK(scene.renew("access-1")->token.reveal() == "access-9");
  }
}

TEST_CASE("a refusal is believed only of the grant that is stored", "[worker][tokens]") {
  Scene scene;
  SECTION("which is the refused one") {
    CHECK(scene.renew("access-1").error().failure == Failure::grant_dead);
    CHECK(scene.asked() == Asked{"refresh-1"});
  }
  SECTION("a person connected again meanwhile") {
    scene.endpoint->meanwhile = [&] { scene.stored("access-5", "refresh-5", 1h); };
    CHECK(scene.renew("access-1")->token.reveal() == "access-5");
    CHECK(scene.asked() == Asked{"refresh-1"});
  }
  SECTION("the new grant's access token has ended: it is asked for another") {
    scene.gives("refresh-5", "access-6");
    scene.endpoint->meanwhile = [&] { scene.stored("access-5", "refresh-5", 1min); };
    CHECK(scene.renew("access-1")->token.reveal() == "access-6");
    CHECK(scene.asked() == Asked{"refresh-1", "refresh-5"});
  }
  SECTION("the new grant is refused, too") {
    scene.endpoint->meanwhile = [&] { scene.stored("access-5", "refresh-5", 1min); };
    CHECK(scene.renew("access-1").error().failure == Failure::grant_dead);
    CHECK(scene.asked() == Asked{"refresh-1", "refresh-5"});
  }
  SECTION("other failures prove nothing and are not asked about again") {
    scene.endpoint->answers.emplace("refresh-1", fail(Failure::unavailable, "503"));
    CHECK(scene.renew("access-1").error().failure == Failure::unavailable);
    CHECK(scene.asked() == Asked{"refresh-1"});
  }
}

TEST_CASE("a rotated token survives a database that is away", "[worker][tokens]") {
  Scene scene;
  scene.gives("refresh-1", "access-2", "refresh-2");
  SECTION("for a while") {
    scene.table.failures = 20;
    CHECK(scene.renew("access-1")->token.reveal() == "access-2");
    CHECK(scene.kept("refresh_token") == "refresh-2");
    CHECK(scene.asked() == Asked{"refresh-1"});
    CHECK(scene.table.writes == 21);
  }
  SECTION("but not for ever, and then it is not used") {
    scene.table.failures = 1000;
    const Time begun = scene.clock.now();
    CHECK_THROWS_AS(scene.renew("access-1"), db::DatabaseError);
    CHECK(scene.clock.now() - begun >= 2min);
    CHECK(scene.clock.now() - begun <= 3min);
  }
  SECTION("nor when the lease is lost") {
    scene.table.failures = 3;
    scene.table.ours = false;
    CHECK(scene.renew("access-1").error().failure == Failure::lease_lost);
  }
}

TEST_CASE("a grant that has lost a permission is kept and refused", "[worker][tokens]") {
  Scene scene;
  scene.endpoint->answers.emplace("refresh-1",
                                  net::TokenGrant{Secret("access-2"), Secret("refresh-2"), 3600s, {"email"}, Secret()});
  CHECK(scene.renew("access-1").error().failure == Failure::scope_missing);
  CHECK(scene.kept("refresh_token") == "refresh-2");
}

}  // namespace
}  // namespace calsync::worker
