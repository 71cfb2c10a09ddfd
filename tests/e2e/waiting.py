# SPDX-License-Identifier: Apache-2.0
"""Waiting for things to happen: no sleeping, no guessing how long something takes."""
import threading
import time

# Everything that this process learns from outside (log lines, requests at our feed server) is announced here, so that a
# waiter wakes up when something happened and looks again.
_happened = threading.Condition()
# What nobody announces (rows in a database) is looked at this often.
_LOOK_AGAIN_SECONDS = 0.02


class NotInTime(AssertionError):
    """What a test waited for did not happen."""


def announce():
    with _happened:
        _happened.notify_all()


def wait_until(condition, timeout, what):
    """The first truthy answer of condition(); NotInTime after `timeout` seconds, with `what` as the reason.

    `what` may be a function, called at the end to describe what was there instead."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotInTime(f"not within {timeout} s: {what() if callable(what) else what}")
        with _happened:
            _happened.wait(min(left, _LOOK_AGAIN_SECONDS))
