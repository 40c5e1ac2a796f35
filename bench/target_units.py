# SPDX-License-Identifier: MIT
"""The GPUs that targets.py compiles for, and how many work-groups a unit of each has room for.

A unit is what has local memory of its own: NVIDIA's SM, AMD's CU (GCN, CDNA) or pair of them (RDNA's WGP),
Intel's subslice or Xe core. The numbers are the vendors' public ones, and LLVM's for AMD's registers.
"""
from target_compile import AMD, INTEL, NVIDIA

KIB = 1024


class Target:
    """registers: of one thread or lane that a scheduler's file holds; granule: of what a thread gets."""

    def __init__(self, name, vendor, like, cpus=None, **rules):
        self.name, self.vendor, self.like = name, vendor, like
        self.cpus = [name] + (cpus or [])  # what a compiler may know instead, the nearest first
        self.schedulers, self.lanes = rules["schedulers"], rules["lanes"]
        self.registers, self.granule = rules["registers"], rules["granule"]
        self.local, self.local_granule, self.reserved = rules["local"] * KIB, rules["local_granule"], rules["reserved"]
        self.local_sizes = [size * KIB for size in rules.get("local_sizes", [])]
        self.groups, self.threads = rules["groups"], rules["threads"]

    def local_of(self, size):
        """What a group that asks for so much local memory gets."""
        if size and self.local_sizes:
            return next((room for room in self.local_sizes if room >= size), size)
        whole = -(-(size + self.reserved) // self.local_granule) * self.local_granule
        return whole

    def threads_by_registers(self, registers):
        """Threads that the registers of a unit are enough for; warps, waves."""
        granted = -(-max(registers, 1) // self.granule) * self.granule
        return self.schedulers * (self.registers // granted)


def nvidia(name, like, local, groups, threads, cpus=None, reserved=1024, local_granule=128):
    return Target(name, NVIDIA, like, cpus, schedulers=4, lanes=32, registers=512, granule=8, local=local,
                  local_granule=local_granule, reserved=reserved, groups=groups, threads=threads)


def gcn(name, like, registers, granule, threads, cpus=None):
    return Target(name, AMD, like, cpus, schedulers=4, lanes=64, registers=registers, granule=granule, local=64,
                  local_granule=512, reserved=0, groups=4 * threads, threads=4 * threads)


def rdna(name, like, registers, granule, cpus=None):
    return Target(name, AMD, like, cpus, schedulers=4, lanes=32, registers=registers, granule=granule, local=128,
                  local_granule=1024, reserved=0, groups=32, threads=64)


def intel(name, like, threads, local, groups, sizes, cpus=None):
    """A thread has its registers for itself."""
    return Target(name, INTEL, like, cpus, schedulers=1, lanes=None, registers=None, granule=1, local=local,
                  local_granule=KIB, reserved=0, local_sizes=sizes, groups=groups, threads=threads)


DOUBLING = [1, 2, 4, 8, 16, 32, 64]
TARGETS = [
    nvidia("sm_75", "RTX 20, T4", 64, 16, 32, reserved=0, local_granule=256),
    nvidia("sm_80", "A100", 164, 32, 64),
    nvidia("sm_86", "RTX 30, A10", 100, 16, 48),
    nvidia("sm_89", "RTX 40, L4", 100, 24, 48, ["sm_86", "sm_80"]),
    nvidia("sm_90", "H100", 228, 32, 64, ["sm_80"]),
    nvidia("sm_100", "B200", 228, 32, 64, ["sm_90", "sm_80"]),
    nvidia("sm_120", "RTX 50", 100, 24, 48, ["sm_90", "sm_80"]),
    gcn("gfx906", "Radeon VII, MI50", 256, 4, 10),
    gcn("gfx90a", "MI210, MI250", 512, 8, 8),
    gcn("gfx942", "MI300", 512, 8, 8),
    rdna("gfx1030", "RX 6800", 1024, 16),
    rdna("gfx1100", "RX 7900", 1536, 24),
    intel("skl", "HD 530, Gen9", 56, 64, 16, DOUBLING),
    intel("tgllp", "Iris Xe, Gen12", 112, 128, 32, DOUBLING),
    intel("dg2", "Arc A770", 128, 128, 32, DOUBLING, ["acm-g10"]),
    intel("pvc", "Max 1550", 64, 128, 32, [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128]),
]


def target_of(name):
    """By name; KeyError for one that is not in the table."""
    return {target.name: target for target in TARGETS}[name]


def resident(target, usage, group):
    """Work-groups of `group` work-items that a unit has room for, and what there is least of."""
    lanes = usage.lanes or target.lanes
    threads = -(-group // lanes)
    limits = [(target.groups, "groups"), (target.threads // threads, "threads")]
    if target.registers and usage.registers:
        limits.append((target.threads_by_registers(usage.registers) // threads, "registers"))
    if usage.local or target.reserved:
        limits.append((target.local // target.local_of(usage.local), "local memory"))
    return min(limits, key=lambda limit: limit[0])
