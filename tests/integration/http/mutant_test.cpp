// SPDX-License-Identifier: Apache-2.0
// Mutated requests: whatever our server delivers to the handler, a reader of another make must read in the same way
// from the same bytes. Beast accepts far more than we do, so it can judge everything that we accept.
#include <boost/beast/http.hpp>
#include <catch2/catch.hpp>
#include <random>

#include "edge.hpp"

namespace calsync::testing {
namespace {

namespace http = boost::beast::http;

constexpr int mutants = 20000;
using Mutation = void (*)(std::string&, std::mt19937&);

std::size_t below(std::mt19937& random, std::size_t limit) { return random() % std::max<std::size_t>(limit, 1); }

void replace_byte(std::string& bytes, std::mt19937& random) {
  if (!bytes.empty()) bytes[below(random, bytes.size())] = static_cast<char>(random());
}

void drop_bytes(std::string& bytes, std::mt19937& random) {
  bytes.erase(below(random, bytes.size()), 1 + below(random, 4));
}

void insert_dangerous(std::string& bytes, std::mt19937& random) {
  static const std::string words[] = {"\r\n",
                                      "\n",
                                      "\r",
                                      " ",
                                      "\t",
                                      std::string(1, '\0'),
                                      ":",
                                      ";",
                                      ",",
                                      "0",
                                      "Content-Length: 3\r\n",
                                      "Transfer-Encoding: chunked\r\n",
                                      "Host: b\r\n",
                                      "0\r\n\r\n",
                                      "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
                                      "\r\n\r\n",
                                      "HTTP/1.0",
                                      "chunked",
                                      "%00",
                                      "\x80"};
  bytes.insert(below(random, bytes.size() + 1), words[below(random, std::size(words))]);
}

void copy_piece(std::string& bytes, std::mt19937& random) {
  const std::string piece = bytes.substr(below(random, bytes.size()), 1 + below(random, 40));
  bytes.insert(below(random, bytes.size() + 1), piece);
}

void cut_off(std::string& bytes, std::mt19937& random) { bytes.resize(below(random, bytes.size() + 1)); }

std::string mutant(std::mt19937& random) {
  static const std::string seeds[] = {
      request("GET /a?b=c HTTP/1.1", {"X: y"}) + post("hello"), post("hello") + post_chunked("5\r\nhello\r\n0\r\n\r\n"),
      post_chunked("5;a=b\r\nhello\r\na\r\n0123456789\r\n0\r\nX: y\r\n\r\n") + request(),
      request("POST / HTTP/1.0", {"Content-Length: 3", "Connection: keep-alive"}, "abc"),
      post(request("GET /inner HTTP/1.1")) + request("DELETE /x/y HTTP/1.1", {"Connection: close"})};
  static const Mutation mutations[] = {replace_byte, drop_bytes, insert_dangerous, copy_piece, cut_off};
  std::string bytes = seeds[below(random, std::size(seeds))];
  for (std::size_t rounds = 1 + below(random, 4); rounds > 0; --rounds) {
    mutations[below(random, std::size(mutations))](bytes, random);
  }
  return bytes;
}

struct Read {
  std::string method;
  std::string target;
  std::string body;
  bool operator==(const Read&) const = default;
};

/// The first `count` requests as Beast reads them; fewer when it refuses the bytes.
std::vector<Read> read_with_beast(std::string_view bytes, std::size_t count) {
  std::vector<Read> reads;
  while (reads.size() < count) {
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    boost::system::error_code error;
    const std::size_t taken = parser.put(boost::asio::buffer(bytes), error);
    if (error || !parser.is_done()) break;
    bytes.remove_prefix(taken);
    const auto& message = parser.get();
    reads.push_back({std::string(message.method_string()), std::string(message.target()), message.body()});
  }
  return reads;
}

}  // namespace

TEST_CASE("twenty thousand mutants - no crash and no request that another reader would frame otherwise") {
  std::mt19937 random(20260302);
  std::size_t delivered = 0;
  std::size_t refused = 0;
  Edge edge;
  for (int i = 0; i < mutants; ++i) {
    const std::string bytes = mutant(random);
    edge.requests.clear();
    Client client(edge);
    const std::vector<Answer> answers = split_answers(client.exchange(bytes, i % 8 == 0));
    std::vector<Read> ours;
    for (const auto& request : edge.requests) ours.push_back({request.method, request.target, request.body});
    const bool agree = read_with_beast(bytes, ours.size()) == ours;
    if (!agree) FAIL("mutant " << i << " is read in two ways: " << bytes);
    REQUIRE(answers.size() >= ours.size());
    delivered += ours.size();
    refused += answers.size() - ours.size();
  }
  // Both sides of the gate were visited often enough to mean something.
  CHECK(delivered > mutants / 4);
  CHECK(refused > mutants / 4);
  CHECK(edge.log_text.empty());
}

}  // namespace calsync::testing
