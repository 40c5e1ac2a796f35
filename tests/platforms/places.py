# SPDX-License-Identifier: MIT
"""Gets a platform, and runs the kit of bench/kit.py on it."""
import glob
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

from known import Chroot, System, Wheel

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A chroot with what drivers look for, in a namespace of mounts that ends with it.
ENTER = 'mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && exec chroot "$@"'
GRACE = 120  # seconds that a kit may need beyond its minutes, to unpack and to pack


class Missing(Exception):
    """Why a platform cannot be had here."""


def run_logged(command, log, **options):
    """A command whose output goes to a file; its last line is the reason where it fails."""
    try:
        with open(log, "ab") as file:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **options)
    except FileNotFoundError:
        raise Missing(f"there is no '{command[0]}' here") from None
    except subprocess.CalledProcessError:
        lines = pathlib.Path(log).read_text(errors="replace").strip().splitlines()
        raise Missing(f"{os.path.basename(command[0])} failed: {lines[-1] if lines else 'it said nothing'}") from None


def once(place, make):
    """A folder that is made, or none: what was cut short is made anew."""
    if not place.exists():
        part = place.with_name(place.name + ".part")
        if part.exists():
            shutil.rmtree(part)
        part.mkdir(parents=True)
        make(part)
        part.rename(place)
    return place


# ---- drivers from PyPI ----

def unpack_wheel(path, to):
    """Its files as they would be installed, the data at the top; the loader of OpenCL is this system's."""
    with zipfile.ZipFile(path) as wheel:
        for entry in wheel.infolist():
            name = re.sub(r"^[^/]+\.data/[^/]+/", "", entry.filename)
            if entry.is_dir() or name.startswith("/") or ".." in name.split("/") or "/libOpenCL.so" in name:
                continue
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(wheel.read(entry))


def get_wheel(source, folder, log):
    def make(part):
        wanted = [f"{name}=={source.version}" for name in (source.package, *source.beside)]
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            run_logged([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-cache-dir",
                        "-d", scratch, *wanted], log)
            for path in sorted(pathlib.Path(scratch).glob("*.whl")):
                unpack_wheel(path, part)
    place = once(folder / "wheels" / f"{source.package}-{source.version}", make)
    found = sorted(place.rglob(source.driver))
    if not found:
        raise Missing(f"{source.package} {source.version} has no {source.driver}")
    return found[0], {"LD_LIBRARY_PATH": str(found[0].parent)}


# ---- other releases ----

def mirror_of(distribution, mirrors, sources="/etc/apt"):
    """As an option says, else that of this system, where it is the same distribution."""
    if distribution in mirrors:
        return mirrors[distribution]
    for path in sorted(glob.glob(sources + "/sources.list*") + glob.glob(sources + "/sources.list.d/*")):
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                found = re.search(rf"(?m)^(?:deb .*?|URIs:\s*)(https?://\S+/{distribution}/?)(?:\s|$)", file.read())
            if found:
                return found[1]
    raise Missing(f"no mirror of {distribution} is known: --mirror {distribution}=URL")


def inside(root, *command):
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), "/usr/bin/env", "-i", f"PATH={PATH}",
            "HOME=/root", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", *command]


def get_chroot(source, folder, mirrors, log):
    mirror = mirror_of(source.distribution, mirrors)
    if os.geteuid() != 0:
        raise Missing("only root can make a chroot")
    root = once(folder / "chroots" / source.suite, lambda part: run_logged(
        ["debootstrap", "--variant=minbase", source.suite, str(part), mirror], log))
    if not all((root / "var/lib/dpkg/info" / f"{name}.list").exists() or
               list(root.glob(f"var/lib/dpkg/info/{name}:*.list")) for name in source.packages):
        run_logged(inside(root, "apt-get", "install", "-y", "--no-install-recommends", *source.packages), log)
    return root


# ---- running ----

def name_driver(driver, folder):
    """A folder for the loader that names one driver."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.icd").write_text(f"{driver}\n")
    return str(folder)


def set_up(platform, folder, mirrors):
    """What comes before the kit's command, its variables, and the root as seen from here."""
    source, log = platform.source, folder / "logs" / f"{platform.name}.log"
    log.unlink(missing_ok=True)
    root, before, environment = pathlib.Path("/"), [], {"PATH": PATH, "HOME": os.environ.get("HOME", "/tmp")}
    if isinstance(source, Chroot):
        root = get_chroot(source, folder, mirrors, log)
        environment = {"OCL_ICD_VENDORS": f"/etc/OpenCL/vendors/{source.icd}"}
        before = inside(root)
    elif isinstance(source, Wheel):
        driver, variables = get_wheel(source, folder, log)
        environment |= variables | {"OCL_ICD_VENDORS": name_driver(driver, folder / "vendors" / platform.name)}
    elif isinstance(source, System) and source.driver:
        found = sorted(glob.glob(source.driver))
        if not found:
            raise Missing(f"{source.driver} is not installed")
        environment["OCL_ICD_VENDORS"] = found[0] if found[0].endswith(".icd") else \
            name_driver(found[0], folder / "vendors" / platform.name)
    if platform.one_core:
        before = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *before]
    environment |= {"CBX_ALLOW_SMALL_DEVICE": "1"} | dict(pair.split("=", 1) for pair in platform.environment)
    return before, environment, root


def unpack_kit(kit, to):
    if to.exists():
        shutil.rmtree(to)
    to.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", str(kit), "-C", str(to)], check=True)


def run_kit(platform, kit, folder, mirrors, steps, minutes, device=None):
    """The archive that the kit wrote."""
    before, environment, root = set_up(platform, folder, mirrors)
    top = folder if root == pathlib.Path("/") else root / "tmp" / "clearbox-platforms"
    unpack_kit(kit, top / "kit")
    out = top / "out" / platform.name
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    seen = [str(pathlib.PurePosixPath("/") / path.relative_to(root)) for path in (top / "kit/clearbox-kit/kit", out)]
    command = [*before, "/usr/bin/env", *([] if before[:1] == ["unshare"] else ["-i"]),
               *(f"{name}={value}" for name, value in environment.items()), seen[0], "run", "--minutes", str(minutes),
               "--only", ",".join(steps), *(["--device", device] if device else []), seen[1]]
    print("$ " + shlex.join(command), file=sys.stderr, flush=True)
    log = folder / "logs" / f"{platform.name}.kit"
    wait_for(command, log, 60 * minutes + GRACE)
    archives = sorted(out.glob("clearbox-results-*.tar.gz"))
    if not archives:
        said = re.findall(r"(?m)^kit: (.*)$", log.read_text(errors="replace"))
        raise Missing(said[-1] if said else "the kit ended and said nothing")
    return archives[0]


def wait_for(command, log, seconds):
    """Lets the kit end by itself; where it does not, as it ends after a signal."""
    with open(log, "wb") as file:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
        try:
            child.wait(seconds)
        except BaseException as why:  # Ctrl-C, too
            child.terminate()
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if not isinstance(why, subprocess.TimeoutExpired):
                raise
