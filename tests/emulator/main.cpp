// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "ics_load.hpp"
#include "provider.hpp"
#include "recurrence.hpp"
#include "server.hpp"
#include "tests/emulator/microsoft/graph_ics.hpp"

namespace {

constexpr int bad_usage = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace calsync::emulator;
  ListenOptions listen;
  Client client{"emulator-client", "emulator-secret", {}};
  std::string calendars, email = "ada@example.com", outlook, outlook_email = "ada@contoso.example";
  CLI::App app{
      "A stand-in for Google OAuth 2.0 and Calendar API v3, Microsoft Entra ID and Graph, and an ICS feed server, for "
      "tests."};
  app.add_option("--host", listen.host, "address to listen on");
  app.add_option("--port", listen.port, "port to listen on; 0 takes a free one");
  app.add_option("--port-file", listen.port_file, "file that receives the port once it listens");
  app.add_option("--client-id", client.id, "the OAuth client that is registered");
  app.add_option("--client-secret", client.secret, "its secret");
  app.add_option("--redirect-uri", client.redirect_uris, "a registered redirect URI; may be repeated");
  app.add_option("--calendars", calendars, "load every .ics file below this folder")->check(CLI::ExistingDirectory);
  app.add_option("--calendars-account", email, "the account that gets them");
  app.add_option("--microsoft-calendars", outlook, "the same, as calendars of a Microsoft account")
      ->check(CLI::ExistingDirectory);
  app.add_option("--microsoft-account", outlook_email, "the account that gets those");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bad_usage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  quiet_recurrence_engine();
  Provider provider(std::move(client));
  try {
    if (!calendars.empty()) {
      Account* account = provider.add_account(email, "");
      provider.add_primary(*account, utc_zone());
      load_directory(provider, *account, calendars);
    }
    if (!outlook.empty())
      microsoft::load_graph_directory(provider, *provider.microsoft.add(outlook_email, "", "", false), outlook);
    return serve(provider, listen);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "calsync-emulator: %s\n", error.what());
    return 1;
  }
}
