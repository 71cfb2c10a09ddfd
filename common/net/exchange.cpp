// SPDX-License-Identifier: Apache-2.0
#include "common/net/exchange.hpp"

#include <memory>

#include "common/net/response_reader.hpp"

namespace calsync::net {
namespace {

constexpr std::size_t read_bytes = 16 * 1024;  // one TLS record

Exchange given_up(Error error, const ResponseReader& reader) {
  if (error.failure == Failure::network) error = reader.broken_off(error.message);
  return Exchange{std::move(error), reader.started(), false};
}

}  // namespace

Task<Exchange> exchange(ByteStream& stream, const Secret& head, const HttpRequest& request) {
  ResponseReader reader(request.method == "HEAD", request.max_body);
  const Result<void> written = co_await stream.write_all(head.reveal(), request.body.reveal());
  if (!written) co_return given_up(written.error(), reader);
  const std::unique_ptr<char[]> buffer(new char[read_bytes]);
  for (bool complete = false; !complete;) {
    const Result<std::size_t> count = co_await stream.read_some({buffer.get(), read_bytes});
    if (!count) co_return given_up(count.error(), reader);
    if (*count == 0) {
      const Result<void> ended = reader.end();
      if (!ended) co_return given_up(ended.error(), reader);
      break;
    }
    const Result<bool> fed = reader.feed({buffer.get(), *count});
    if (!fed) co_return given_up(fed.error(), reader);
    complete = *fed;
  }
  const bool reusable = reader.reusable();
  co_return Exchange{reader.take(), true, reusable};
}

}  // namespace calsync::net
