#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A network with a delay, for kernels that have no netem.

  wire.py MILLISECONDS NAMESPACE…

Makes eth0 in each of these network namespaces, and carries every frame from one to all others, so much later,
until it is ended. Says "ready" once it does. Needs root.
"""
import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
MOST_BYTES = 65536


def open_end(namespace):
    """Its end of the wire, from outside of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as inside:
        if libc.setns(inside.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
    return end


def carry(ends, delay):
    waiting = collections.deque() # (when, from, frame), in order, since all take as long
    while True:
        wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(ends, [], [], wait)[0]:
            waiting.append((time.monotonic() + delay, end, os.read(end, MOST_BYTES)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, source, frame = waiting.popleft()
            for end in ends:
                if end != source:
                    try:
                        os.write(end, frame)
                    except OSError:
                        pass # it is down, or full: networks lose frames


def main():
    delay, namespaces = float(sys.argv[1]) / 1000, sys.argv[2:]
    ends = [open_end(namespace) for namespace in namespaces]
    print("ready", flush=True)
    carry(ends, delay)


if __name__ == "__main__":
    main()
