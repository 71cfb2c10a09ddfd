# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tag `admin`."""
from openapi_world import played, row


def job(status, what=None, when="on", **body):
    return row("runJob", status, what, when, body=body)


@played("runJob", 202)
def a_job_that_goes_on(world):
    with world.emulator.hold("api", account=world.email) as held:
        started = world.ask("runJob", body={"connection_id": world.connection, "wait_seconds": 0})
        held.wait()
        world.ask("getJob", run_id=started.json()["run_id"])
    return started


@played("getJob", 200)
def a_job_that_is_over(world):
    return world.ask("getJob", run_id=world.ask("runJob", body={"connection_id": world.connection}).json()["run_id"])


ROWS = [
    job(200, provider_id="$owner", window=0), a_job_that_goes_on, a_job_that_is_over,
    job(400, "invalid_request", wait_seconds=301),
    job(403, "not_allowlisted", "unlisted", provider_id="$owner"),
    job(404, "not_found", provider_id="$nobody"),
    row("getJob", 404, "not_found", run_id="$nobody"),
    row("getStatus", 200), row("getStatus", 200, when="off"), row("getStatus", 200, when="unlisted"),
]
