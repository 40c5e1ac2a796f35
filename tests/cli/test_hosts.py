# SPDX-License-Identifier: MIT
"""clearbox-mpi on several machines, which are network namespaces of this one with names and addresses of
their own: what a network adds to what test_ranks sees. Needs root."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from alike import Alike
from support import PROGRAM, main, start

LAUNCHER = os.environ["CBX_LAUNCHER"]
BRIDGE = "cbxbridge"
NAMES = ("cbxhost1", "cbxhost2", "cbxhost3")
SECONDS_TO_END = 5.0

os.environ["POCL_DEVICES"] = "basic cpu-minimal" # as in test_ranks
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1") # Open MPI asks for it

os.environ.update(UCX_TLS="tcp,self", UCX_NET_DEVICES="eth0") # what MPICH may use, which sees that it is one machine

# The launcher's way to another machine: a namespace of that name.
AGENT = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
exec ip netns exec "$host" unshare --uts sh -c 'hostname "$0"; eval "$1"' "$host" "$*"
"""


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def programs():
    """The ranks that are there, wherever."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            found += [path] if os.readlink(path) == os.path.realpath(PROGRAM) else []
        except OSError:
            pass
    return found


def can_make_hosts():
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare"))):
        return False
    made = subprocess.run(["ip", "netns", "add", "cbxprobe"], capture_output=True, check=False).returncode == 0
    if made:
        ip("netns", "delete", "cbxprobe")
    return made


def remove_hosts():
    for name in NAMES:
        inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
        for pid in map(int, inside.split()):
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)
    for link in (*(f"cbxv{i}" for i in range(len(NAMES))), BRIDGE):
        subprocess.run(["ip", "link", "delete", link], capture_output=True, check=False)


def make_hosts(delay=None):
    """On a bridge; or with milliseconds of delay on a wire, the process of which is returned."""
    remove_hosts()
    hosts = "127.0.0.1 localhost\n" + "".join(f"10.213.77.{i + 1} {name}\n" for i, name in enumerate(NAMES))
    for name in NAMES:
        folder = pathlib.Path("/etc/netns") / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hosts").write_text(hosts)
        ip("netns", "add", name)
    wire = start_wire(delay) if delay else None
    if not delay:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("link", "set", BRIDGE, "up")
    for i, name in enumerate(NAMES):
        if not delay:
            ip("link", "add", f"cbxv{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"cbxv{i}", "master", BRIDGE, "up")
        ip("-n", name, "address", "add", f"10.213.77.{i + 1}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
    return wire


def start_wire(delay):
    script = pathlib.Path(__file__).with_name("wire.py")
    wire = subprocess.Popen([sys.executable, "-B", script, str(delay), *NAMES], stdout=subprocess.PIPE, text=True)
    if wire.stdout.readline() != "ready\n":
        raise RuntimeError("the wire does not work")
    return wire


@unittest.skipUnless(can_make_hosts(), "no network namespaces can be made here: that takes root, and iproute2")
class Hosts(Alike):
    def setUp(self):
        super().setUp()
        holder = tempfile.TemporaryDirectory(prefix="clearbox-agent-") # launchers take no blank in its name
        self.addCleanup(holder.cleanup)
        self.agent = pathlib.Path(holder.name) / "agent"
        self.agent.write_text(AGENT)
        self.agent.chmod(0o755)
        self.addCleanup(remove_hosts)

    def launcher(self, *hosts):
        """From the first of them, a rank on each."""
        is_mpich = "hydra" in os.path.realpath(LAUNCHER)
        how = (("-launcher", "ssh", "-launcher-exec", self.agent, "-hosts", ",".join(hosts))
               if is_mpich else
               ("--mca", "plm_rsh_agent", self.agent, "--mca", "plm", "rsh", "--mca", "btl", "tcp,self", "--bind-to", "none", "-H",
                ",".join(hosts)))
        return ("ip", "netns", "exec", hosts[0], "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', hosts[0],
                LAUNCHER, *how, "-n", len(hosts))

    def job(self, hosts, *arguments, cwd=None):
        process = start("learn", *arguments, cwd=cwd or self.folder, launcher=self.launcher(*hosts))
        self.addCleanup(process.kill)
        return process

    def test_the_same_bytes(self):
        make_hosts()
        flags = ("--hidden", 100, *self.OUTPUTS)
        expected, _ = self.made("one", *flags)
        for count in (2, 3):
            with self.subTest(hosts=count):
                made, err = self.made(f"{count}", *flags, launcher=self.launcher(*NAMES[:count]))
                self.assert_same(made, expected)
                self.assertEqual(re.findall(r"rank (\d) on (\w+),", err),
                                 [(str(i), name) for i, name in enumerate(NAMES[:count])])

    def test_a_slow_network(self):
        """What it costs is told: two milliseconds each way."""
        flags = ("--hidden", 100, "--no-video", "--save", "w.safetensors")
        expected, _ = self.made("one", *flags)
        wire = make_hosts(delay=2)
        self.addCleanup(wire.wait)
        self.addCleanup(wire.kill)
        self.addCleanup(wire.stdout.close)
        made, err = self.made("two", *flags, launcher=self.launcher(*NAMES[:2]))
        self.assert_same(made, expected)
        exchange = float(re.search(r"exchange +([\d.]+) .s a batch", err)[1])
        self.assertGreater(exchange, 1900)
        self.assertLess(exchange, 50000)

    def test_a_host_that_is_cut_off(self):
        """Neither its kernel nor a launcher says so; every rank ends, on both sides of the cut. Launchers wait for
        their own processes there, some for ever."""
        flags = ("--hidden", 100, "--epochs", 100000, *self.KEPT, "--no-video", "--save", "w.safetensors")
        for place, hosts, number in (("last", NAMES[:2], 1), ("middle", NAMES, 1), ("first", NAMES, 0)):
            with self.subTest(place=place):
                make_hosts()
                folder = self.folder / place
                folder.mkdir()
                process = self.job(hosts, *self.data, "--batch", 50, *flags, cwd=folder)
                for line in process.stderr:
                    if line.split()[:1] == ["1"]:
                        break
                while not (folder / "run.checkpoint").exists():
                    time.sleep(0.01)
                ip("link", "set", f"cbxv{number}", "down")
                begun = time.monotonic()
                while programs() and time.monotonic() - begun < 2 * SECONDS_TO_END:
                    time.sleep(0.01)
                took = time.monotonic() - begun
                remove_hosts() # with the launcher and all that is left
                out, err = process.communicate(timeout=60)
                # What those on the other side of the cut say does not arrive.
                lines = [line for line in (out + err).splitlines() if line.startswith("clearbox: ")]
                self.assertLess(took, SECONDS_TO_END, err)
                self.assertEqual(len(lines), 1, err)
                self.assertRegex(lines[0], r"rank [12] on cbxhost[23] has not been heard for 3\.0 seconds; kept "
                                           "run.checkpoint; clearbox learn --resume run.checkpoint goes on")
                self.assertEqual(self.leftovers(), [])


if __name__ == "__main__":
    main()
