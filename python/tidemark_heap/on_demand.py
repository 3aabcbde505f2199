"""Waits for `tidemark attach --heap-diff`, without measuring anything before.

The order comes over a Unix socket with an abstract name, from this user or root. Its line names a folder with order.json; the answer
is one line of JSON: what measures, or why nothing does.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading

# An abstract name that fills its place, as the probe's does: some pad a shorter one and some do not.
NAME_LENGTH = 107
LONGEST_ORDER = 8192


def wait() -> None:
    """Wait in a daemon thread, in this process and in those that are forked from it."""
    _listen()
    os.register_at_fork(after_in_child=_listen)


def _listen() -> None:
    name = ("tidemark-heap/%d/" % os.getpid()).ljust(NAME_LENGTH, "-")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind("\0" + name)
        listener.listen(1)
    except OSError:
        listener.close()  # it waits already: this was imported by the program as well
        return
    threading.Thread(target=_serve, args=(listener, os.getpid()), name="tidemark-heap-order", daemon=True).start()


def _serve(listener: socket.socket, pid: int) -> None:
    while os.getpid() == pid:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.settimeout(5)
            try:
                client.sendall((json.dumps(_answer(client)) + "\n").encode())
            except OSError:
                pass


def _answer(client: socket.socket) -> "dict[str, object]":
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    if user not in (os.geteuid(), 0):
        return {"error": "the order came from another user"}
    folder = client.recv(LONGEST_ORDER).decode("utf-8", "surrogateescape").rstrip("\n")
    from . import session

    current = session.current()
    if current is not None and current.engine is not None:
        return {"error": "another recording measures this process"}
    try:
        started = session.start(folder)
    except Exception as error:
        return {"error": str(error)}
    if started is None or started.engine is None:
        return {"error": "the order in %s cannot be read or carried out" % folder}
    return {"engine": started.engine.name}
