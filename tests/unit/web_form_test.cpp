// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "api-server/web/form.hpp"
#include "print_result.hpp"

using namespace calsync;
using namespace calsync::api::web;

namespace {

http::Request posted(std::string body, std::string type = "application/x-www-form-urlencoded") {
  http::Request request;
  request.method = "POST";
  request.headers = {{"content-type", std::move(type)}};
  request.body = std::move(body);
  return request;
}

std::string problem(const http::Request& request) {
  const auto form = read_form(request, {"a", "b"});
  return form ? "" : form.error().message;
}

}  // namespace

TEST_CASE("a form gives its fields, decoded once", "[web]") {
  const auto form = read_form(posted("a=x%26y+z%2541&b="), {"a", "b", "c"});
  REQUIRE(form);
  CHECK(form->text("a") == "x&y z%41");
  CHECK(form->text("b").empty());
  CHECK(form->text("c").empty());
  CHECK(read_form(posted("a=1", "Application/X-WWW-Form-URLEncoded; charset=UTF-8"), {"a"}));
}

TEST_CASE("whatever is no plain form is refused", "[web]") {
  CHECK_THAT(problem(posted("a=1", "application/json")), Catch::Contains("declared"));
  CHECK_THAT(problem(posted("a=1", "multipart/form-data; boundary=x")), Catch::Contains("declared"));
  http::Request twice = posted("a=1");
  twice.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
  CHECK_THAT(problem(twice), Catch::Contains("declared"));
  CHECK_THAT(problem(posted("a=1&a=2")), Catch::Contains("twice"));
  CHECK_THAT(problem(posted("z=1")), Catch::Contains("unknown field"));
  CHECK_THAT(problem(posted("a=%")), Catch::Contains("escape"));
  CHECK_THAT(problem(posted("a=%00")), Catch::Contains("control"));
  CHECK_THAT(problem(posted("a=x%0d%0aSet-Cookie:y")), Catch::Contains("control"));
  CHECK_THAT(problem(posted("a=%ff")), Catch::Contains("UTF-8"));
  CHECK_THAT(problem(posted("a=" + std::string(16 * 1024, 'x'))), Catch::Contains("16 KiB"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "f" + std::to_string(i) + "=1&";
  CHECK_FALSE(read_any_form(posted(many)));
}
