# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tags `health` and `metrics`."""
from openapi_world import row

ROWS = [
    row("alive", 200), row("alive", 200, when="database away"),
    row("ready", 200), row("ready", 503, "not_ready", "database away"),
    row("getMetrics", 200), row("getMetrics", 200, when="database away"),
    row("getMetrics", 200, "text/plain", format="prometheus"),
    row("getMetrics", 400, "invalid_request", format="xml"),
    row("scrapeMetrics", 200, "text/plain"),
]
