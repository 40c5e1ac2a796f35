# SPDX-License-Identifier: MIT
"""Which OpenCL there is to try: how each is got, and how it is set up.

A row for each platform, and for each small device that one of them can be told to be. Whether a driver
is well nothing here says: that is for the self-test.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class System:
    """What this machine has. The driver is a pattern of files, .icd or a library; None: all, whatever they are."""
    driver: str | None = None


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A driver from PyPI: the package, its version, the library's pattern in it, and what it does not say it needs."""
    package: str
    version: str
    driver: str
    beside: tuple = ()  # packages of the same version


@dataclasses.dataclass(frozen=True)
class Chroot:
    """A release of a distribution with these packages, and the .icd there."""
    distribution: str
    suite: str
    icd: str
    packages: tuple


@dataclasses.dataclass(frozen=True)
class Platform:
    name: str
    source: object
    about: str
    environment: tuple = ()  # NAME=VALUE
    one_core: bool = False  # for all of its threads
    steps: tuple | None = None  # of the kit, where not those that all others get


POCL = System("/etc/OpenCL/vendors/pocl.icd")
OCLGRIND = System("/usr/lib/oclgrind/liboclgrind-rt-icd.so")
POCL_ICD = ("pocl.icd", ("ocl-icd-libopencl1", "pocl-opencl-icd"))
MESA_ICD = ("rusticl.icd", ("ocl-icd-libopencl1", "mesa-opencl-icd"))
INTEL_LIBRARIES = ("intel-cmplr-lib-rt",)


# Some kernels of both families, small: it takes minutes for each.
WATCHED = ("test_kernels_sigmoid", "test_kernels_forward", "test_kernels_backward", "test_kernels_train_cpu",
           "test_kernels_train_gpu", "test_kernels_evaluate")
# Where a launch takes long.
SLOW = ("devices", "verify-cpu", "verify-gpu", "test_kernels_sigmoid", "test_kernels_train_gpu", "film-64")


def pocl_of(suite, distribution="debian"):
    return Platform(f"pocl-{suite}", Chroot(distribution, suite, *POCL_ICD), f"PoCL of {suite}")


def rusticl_of(suite):
    """Without double precision fma() is a long function of integers: one run of `verify` takes a quarter of an hour."""
    return Platform(f"rusticl-{suite}", Chroot("debian", suite, *MESA_ICD), f"rusticl on llvmpipe, Mesa of {suite}",
                    ("RUSTICL_ENABLE=llvmpipe", "RUSTICL_FEATURES=fp64"), steps=SLOW)


def intel(version, name=None, **how):
    return Platform(name or f"intel-{version}", Wheel("intel-opencl-rt", version, "libintelocl.so", INTEL_LIBRARIES),
                    f"Intel's runtime for processors, {version}", **how)


def small(name, about, *environment, **how):
    """A device that the PoCL of this machine is told to be; each version listens to some of the names."""
    return Platform(f"small-{name}", POCL, about, environment, **how)


PLATFORMS = (
    Platform("installed", System(), "what is installed, each device"),
    pocl_of("bullseye"), pocl_of("trixie"), pocl_of("sid"), pocl_of("jammy", "ubuntu"), pocl_of("noble", "ubuntu"),
    Platform("pocl-wheel-1.3", Wheel("pocl-binary-distribution", "1.3.post1", "libpocl-*.so"), "PoCL 1.3 of PyPI"),
    Platform("pocl-wheel-3.0", Wheel("pocl-binary-distribution", "3.0", "libpocl-*.so"), "PoCL 3.0 of PyPI"),
    intel("2026.2.0"), intel("2024.2.2"), intel("2022.2.1"),
    intel("2022.2.1", "intel-2022.2.1-avx2", environment=("CL_CONFIG_CPU_TARGET_ARCH=core-avx2",)),
    Platform("intel-fpga-2025.0.5", Wheel("intel-opencl-fpga-emu-rt", "2025.0.5", "libintelocl_emu.so",
                                           INTEL_LIBRARIES), "Intel's emulator of FPGAs, 2025.0.5"),
    rusticl_of("trixie"), rusticl_of("sid"),
    Platform("oclgrind", OCLGRIND, "Oclgrind: races, and what lies outside",
             ("OCLGRIND_DATA_RACES=1", "CBX_TEST_WATCHED=1"), steps=("devices", *WATCHED)),
    Platform("oclgrind-uninitialised", OCLGRIND, "Oclgrind: values that nobody wrote",
             ("OCLGRIND_UNINITIALIZED=1", "CBX_TEST_WATCHED=1"), steps=WATCHED),
    small("group-1", "work-groups of 1", "POCL_MAX_WORK_GROUP_SIZE=1"),
    small("group-16", "work-groups of 16", "POCL_MAX_WORK_GROUP_SIZE=16"),
    small("group-64", "work-groups of 64", "POCL_MAX_WORK_GROUP_SIZE=64"),
    small("unit-1", "1 unit", "POCL_MAX_PTHREAD_COUNT=1", "POCL_CPU_MAX_CU_COUNT=1"),
    small("units-8", "8 units, however few cores", "POCL_PTHREAD_MIN_THREADS=8", "POCL_CPU_MIN_CU_COUNT=8"),
    small("memory", "1 GiB of memory, 16 KiB of it local", "POCL_MEMORY_LIMIT=1", "POCL_CPU_LOCAL_MEM_SIZE=16384"),
    small("one-core", "all units on one core", one_core=True),
)

# What a look takes: both families by the self-test and by the list of known weights, the kernels that
# training is made of, a film.
QUICK = ("devices", "verify-cpu", "verify-gpu", "test_kernels_sigmoid", "test_kernels_train_gpu",
         "test_kernels_evaluate", "test_kernels_film", "test_trainer_bits", "film-64")
