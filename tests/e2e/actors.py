# SPDX-License-Identifier: Apache-2.0
"""What the host application, an operator and somebody at a browser do with a running stack."""
import uuid

from client import Api, Browser


class Actors:
    """Part of Stack."""

    @property
    def app(self):
        return Api(self.root, self.app_token)

    @property
    def admin(self):
        return Api(self.root, self.admin_token)

    @property
    def stranger(self):
        return Api(self.root)

    def new_owner(self):
        """A row of `profiles`; its id."""
        return self.sql.value("INSERT INTO profiles (email) VALUES (%s) RETURNING id::text", f"{uuid.uuid4().hex[:12]}@owners.example")

    def oauth_link(self, owner, return_to=None, provider="google"):
        answer = self.app.get("/api/auth/" + provider, provider_id=owner, return_to=return_to)
        if answer.status != 200:
            raise AssertionError(f"no connect link: {answer.status} {answer.text}")
        return answer.json()["authorization_url"]

    def consent(self, link, browser, email, **choices):
        """Opens our link and the provider's page; the address that the provider sends the browser back to."""
        page = browser.get(link)
        if page.status != 303:
            raise AssertionError(f"the link answers {page.status} {page.text}")
        back = browser.get(self.emulator.choose(page.header("Location"), email, **choices))
        if back.status not in (302, 303):
            raise AssertionError(f"the provider's page answers {back.status} {back.text}")
        return back.header("Location")

    def finish_oauth(self, owner, email, browser=None, return_to=None, provider="google", **choices):
        """The whole connect dance; our callback's answer."""
        browser = browser or Browser()
        return browser.get(self.consent(self.oauth_link(owner, return_to, provider), browser, email, **choices))

    def connect_google(self, owner, email):
        """The new connection's id."""
        answer = self.finish_oauth(owner, email)
        if answer.status != 200:
            raise AssertionError(f"the callback answers {answer.status} {answer.text}")
        return answer.json()["connection_id"]

    def connect_feed(self, owner, url):
        answer = self.app.post("/api/calendar/connections", {"provider_id": owner, "provider": "ics", "url": url})
        if answer.status not in (200, 201):
            raise AssertionError(f"the feed was not connected: {answer.status} {answer.text}")
        return answer.json()["connection_id"]
