// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/memory_database.hpp"
#include "tests/simulation/database/statements/queue.hpp"

namespace calsync::simulation {

/// The version that workers of a later release say; they write more into a cursor than this one knows of.
inline constexpr std::string_view next_release = "the next release";

/// A process' way to the database: every statement goes over its link, there and back.
class Session {
 public:
  Session(MemoryDatabase& database, DatabaseLink& link, statements::WorkerIdentity identity)
      : database_(database), link_(link), identity_(std::move(identity)) {}

  const statements::WorkerIdentity& identity() const { return identity_; }
  MemoryDatabase& database() { return database_; }
  DatabaseLink& link() { return link_; }

  /// A cursor as this process' release writes it.
  std::string written(std::string cursor) const {
    constexpr std::string_view begin = "{\"v\":1,";
    if (identity_.version != next_release || !cursor.starts_with(begin)) return cursor;
    return "{\"v\":2,\"shards\":{\"east\":[1,null,\"token\"]},\"token\":7," + cursor.substr(begin.size());
  }

  /// `work(Transaction&)`, applied as one. `statement` is a literal; what `work` refers to outlives the call.
  template <class Work, class Result = std::invoke_result_t<Work&, Transaction&>>
  Task<Result> run(std::string_view statement, Work work) {
    co_await link_.request(statement);
    if constexpr (std::is_void_v<Result>) {
      database_.apply(statement, identity_.id, work);
      co_await link_.reply(statement);
    } else {
      Result result = database_.apply(statement, identity_.id, work);
      co_await link_.reply(statement);
      co_return result;
    }
  }

 private:
  MemoryDatabase& database_;
  DatabaseLink& link_;
  statements::WorkerIdentity identity_;
};

}  // namespace calsync::simulation
