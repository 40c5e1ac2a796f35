# SPDX-License-Identifier: MIT
"""bench/targets.py without compilers: what it reads from the sources, from logs and disassemblies, and what it
makes of that.

  test_targets.py SOURCE

SOURCE: the folder of the sources.
"""
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop())
SCRIPT = os.path.join(SOURCE, "bench", "targets.py")
sys.path.insert(0, os.path.dirname(SCRIPT))
import target_compile  # noqa: E402
import target_loops  # noqa: E402
import target_tools  # noqa: E402
import target_units  # noqa: E402
import targets  # noqa: E402

SASS = """
	.section	.text.one,"ax",@progbits
	.sectioninfo	@"SHI_REGISTERS=12"
one:
.text.one:
        /*0000*/                   LDC R1, c[0x0][0x28] ;              /* 0x00000a00ff017b82 */
                                                                       /* 0x000fe20000000800 */
.L_x_1:
        /*0010*/                   LDS.128 R4, [R2] ;                  /* 0x0000000002047984 */
        /*0020*/                   LDS.U8 R8, [R2+0x10] ;                 /* 0x0000000002087984 */
.L_x_2:
        /*0030*/                   FFMA R9, R4, R8, R9 ;               /* 0x0000000804097223 */
        /*0040*/                   FFMA2 R10, R4, R8, R10 ;            /* 0x0000000804097223 */
        /*0050*/               @P0 BRA `(.L_x_2) ;                     /* 0xfffffff800f40947 */
        /*0060*/                   FFMA R9, R5, R8.reuse, R9 ;         /* 0x0000000804097223 */
        /*0070*/              @!P1 BRA `(.L_x_1) ;                     /* 0xfffffff800f40947 */
        /*0080*/               @P2 BRA `(.L_x_3) ;                     /* 0xfffffff800f40947 */
.L_x_3:
        /*0090*/                   EXIT ;                              /* 0x000000000000794d */
	.section	.text.two,"ax",@progbits
        /*0000*/                   EXIT ;                              /* 0x000000000000794d */
"""

AMD = """
one:                                    ; @one
; %bb.0:
	s_load_b32 s4, s[2:3], 0x8c
.LBB0_1:                                ; =>This Inner Loop Header: Depth=1
	ds_load_2addr_stride64_b32 v[16:17], v24 offset1:1
	ds_read_b128 v[18:21], v24 ; 16-byte Folded Reload
	v_dual_fmac_f32 v15, v1, v54 :: v_dual_fmac_f32 v16, v2, v55
	v_dual_mov_b32 v1, v2 :: v_dual_fmac_f32 v16, v2, v55
	v_pk_fma_f32 v[2:3], v[4:5], v[6:7], v[2:3]
	v_fma_f32 v1, v2, v3, v1
	v_mul_f32_e32 v1, v2, v3
	s_cbranch_scc0 .LBB0_1
	s_endpgm
.Lfunc_end0:
	.amdgpu_metadata
---
amdhsa.kernels:
  - .agpr_count:     0
    .args:
      - .name:           p
        .size:           8
    .group_segment_fixed_size: 512
    .name:           one
    .private_segment_fixed_size: 20
    .reqd_workgroup_size:
      - 64
      - 2
      - 1
    .vgpr_count:     40
    .vgpr_spill_count: 3
...
"""

INTEL = """// kernel one
L0:
(W)     mov (8|M0)               r2.0<1>:ud    r0.0<8;8,1>:ud
L16:
        mad (8|M0)               r116.0<1>:f   r116.0<1;0>:f     r10.0<1;0>:f      r8.0<1>:f        {Compacted}
        mad (8|M8)               r117.0<1>:f   r116.0<1;0>:f     r10.0<1;0>:f      r8.0<1>:f
        mad (16|M0)              r116.0<1>:f   r116.0<1;0>:f     r10.0<1;0>:f      r8.0<1>:f
(W)     mad (1|M0)               r127.0<1>:ud  r127.2<0;0>:ud    r127.0<0;0>:uw    0xC0:uw              {I@1}
        send.slm (16|M0)         r10      r12     null:0  0x0            0x04200500           {I@1,$3} // wr:2+0, rd:2; load.slm.d32x4.a32
        send (16|M0)             r29:f    r4      0xC            0x024060FE           // wr:1+0, rd:4; hdc.dc1; untyped surface read with xy
        send (16|M0)             r29:f    r4      0xC            0x02406003           // wr:1+0, rd:4; hdc.dc1; untyped surface read with xy
(f1.0)  while (16|M0)                        L16
"""

PTXAS = """ptxas info    : Compiling entry function 'one' for 'sm_90'
ptxas info    : Function properties for one
    16 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 148 registers, used 1 barriers, 30976 bytes smem
ptxas info    : Compile time = 4.290 ms
ptxas info    : Compiling entry function 'two' for 'sm_90'
ptxas info    : Function properties for two
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers
ptxas info    : Compile time = 1.583 ms
"""

PTX = """.visible .entry one(
	.param .u64 one_param_0
)
{
}
.visible .entry two()
{
}
"""

LLVM = """define dso_local spir_kernel void @one(ptr %0) #0 !kernel_arg_type !2 !reqd_work_group_size !3 {
define dso_local spir_kernel void @two() #0 !kernel_arg_type !2 {
!2 = !{!"float*"}
!3 = !{i32 64, i32 1, i32 1}
"""

INFO = """version: '1.14'
kernels:
  - name:            one
    execution_env:
      barrier_count:   1
      grf_count:       128
      required_work_group_size: [ 64, 1, 1 ]
      simd_size:       16
      slm_size:        512
    per_thread_memory_buffers:
      - type:            scratch
        usage:           single_space
        size:            1024
  - name:            two
    execution_env:
      grf_count:       128
      simd_size:       32
kernels_misc_info:
  - name:            one
"""


def counts(loop):
    return loop.label, loop.instructions, loop.multiply_adds, loop.multiplying, dict(loop.reads)


class Disassemblies(unittest.TestCase):
    def test_an_inner_loop_is_not_counted_in_the_outer_one(self):
        outer, inner = target_loops.loops_of(target_loops.read_nvidia(SASS)["one"])
        self.assertEqual(counts(outer), ("L_x_1", 4, 1, 1, {"128": 1, "8": 1}))
        self.assertEqual(counts(inner), ("L_x_2", 3, 3, 2, {}))
        self.assertAlmostEqual(inner.share, 2 / 3)

    def test_a_jump_forward_makes_no_loop(self):
        codes = target_loops.read_nvidia(SASS)
        self.assertEqual(len(codes["one"].instructions), 10)
        self.assertEqual(target_loops.loops_of(codes["two"]), [])

    def test_code_that_is_not_found_is_named(self):
        built = target_compile.Built("train", target_units.target_of("sm_86"), "")
        built.listing, built.kernels = SASS, {"one": None, "three": None}
        self.assertEqual(list(target_loops.hot_loops(built, 2)), ["one"])
        self.assertEqual(built.why, "no code of three in the disassembly")

    def test_pairs_of_amd_multiply_twice(self):
        (loop,) = target_loops.loops_of(target_loops.read_amd(AMD)["one"])
        self.assertEqual(counts(loop), ("LBB0_1", 8, 6, 4, {"2×32": 1, "128": 1}))

    def test_instructions_of_intel_are_for_several_work_items(self):
        (loop,) = target_loops.loops_of(target_loops.read_intel(INTEL, {"one": 16})["one"])
        self.assertEqual((loop.label, loop.instructions, loop.multiplying), ("L16", 8, 3))
        self.assertEqual(loop.multiply_adds, 2)  # two halves, and one
        self.assertEqual(dict(loop.reads), {"128": 1, "64": 1})

    def test_tensor_cores_multiply_for_a_warp(self):
        instructions = {name: target_loops.nvidia_instruction(name, "R1, R2, R3, R4").fma
                        for name in ("HMMA.16816.F32.BF16", "HMMA.1688.F32.TF32", "FFMA")}
        self.assertEqual(instructions, {"HMMA.16816.F32.BF16": 64, "HMMA.1688.F32.TF32": 0, "FFMA": 1})


class Usages(unittest.TestCase):
    def assert_usage(self, usage, **wanted):
        self.assertEqual({name: getattr(usage, name) for name in wanted}, wanted)

    def test_ptxas(self):
        usages = target_compile.usage_of_ptxas(PTXAS)
        self.assert_usage(usages["one"], registers=148, stack=16, spills=8, local=30976)
        self.assert_usage(usages["two"], registers=10, stack=0, spills=0, local=0)

    def test_amd(self):
        usages = target_compile.usage_of_amd(AMD)
        self.assertEqual(list(usages), ["one"])
        self.assert_usage(usages["one"], registers=40, stack=20, spills=3, local=512, group=128)

    def test_intel(self):
        log = "warning: kernel one  compiled SIMD16 allocated 128 regs and spilled around 39\n"
        usages = target_compile.usage_of_intel(INFO, log)
        self.assert_usage(usages["one"], registers=128, stack=1024, spills=39, local=512, group=64, lanes=16)
        self.assert_usage(usages["two"], stack=0, spills=0, local=0, group=None, lanes=32)

    def test_groups_go_from_llvm_to_ptx(self):
        ptx, items = target_compile.with_groups(PTX, target_compile.groups_of_llvm(LLVM))
        self.assertEqual(items, {"one": 64, "two": None})
        self.assertIn(")\n.reqntid 64, 1, 1\n{", ptx)
        self.assertEqual(ptx.count(".reqntid"), 1)
        self.assertNotIn(".reqntid", target_compile.with_groups(PTX, {"one": [64, 1, 1]}, tell=False)[0])


class Units(unittest.TestCase):
    """Against what the vendors' own rules give, worked out by hand."""

    def room(self, target, group=64, **usage):
        return target_units.resident(target_units.target_of(target), target_compile.Usage(**usage), group)

    def test_registers(self):
        # 148 become 152, times 32 lanes 4,864 of a quarter's 16,384: 3 warps, of 4 quarters 12.
        self.assertEqual(self.room("sm_90", registers=148, local=30976), (6, "registers"))
        self.assertEqual(self.room("sm_80", registers=198, local=30976), (4, "registers"))
        self.assertEqual(self.room("gfx90a", registers=182), (8, "registers"))
        self.assertEqual(self.room("gfx1100", registers=240), (12, "registers"))

    def test_local_memory(self):
        self.assertEqual(self.room("sm_75", registers=168, local=30976), (2, "local memory"))
        # A KiB more for each group: 24.5 KiB fit into 100 KiB 4 times, 25.5 KiB 3 times.
        self.assertEqual(self.room("sm_89", registers=150, local=25088), (3, "local memory"))
        self.assertEqual(self.room("gfx906", registers=60, local=16384), (4, "local memory"))
        # 24 KiB are 32 on Xe-HPG, 24 on PVC.
        self.assertEqual(self.room("dg2", lanes=16, local=24576), (4, "local memory"))
        self.assertEqual(self.room("pvc", lanes=16, local=24576), (5, "local memory"))

    def test_threads_and_groups(self):
        self.assertEqual(self.room("skl", group=256, lanes=8), (1, "threads"))
        self.assertEqual(self.room("sm_86", registers=16), (16, "groups"))


class Sources(unittest.TestCase):
    def test_every_program_is_read(self):
        for program in target_compile.PROGRAMS:
            files = target_compile.sources_of(program)
            self.assertIn("layout.h", files)
            self.assertIn("kernel ", target_compile.text_of(program))

    def test_another_program_is_refused(self):
        with self.assertRaisesRegex(target_compile.Failed, "no program nothing"):
            target_compile.sources_of("nothing")

    def test_split_is_train_for_tensor_cores(self):
        self.assertEqual(target_compile.text_of("split"), target_compile.text_of("train"))
        self.assertEqual(target_compile.macros_of("split", "NVIDIA"),
                         {**target_compile.macros_of("train", "NVIDIA"), "CBX_MMA": 1})
        suited = [target.name for target in target_units.TARGETS if target_compile.suits("split", target)]
        self.assertEqual(suited, ["sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"])

    def test_only_training_gets_block_sizes(self):
        self.assertEqual(set(target_compile.macros_of("train", "AMD")) - set(target_compile.macros_of("film", "AMD")),
                         set(target_compile.tunables()))
        self.assertIn("-DCBX_FMA=2", target_compile.options_of("film", "AMD", {"CBX_FMA": "2"}))


class Tables(unittest.TestCase):
    def table(self, kernels=""):
        table = targets.Table(targets.parse(["--targets", "sm_90,sm_89", "--programs", "train,wide,picture",
                                             "--kernels", kernels]))
        for program, registers in [("train", 100), ("wide", 120), ("picture", 30)]:
            for target in table.options.targets:
                built = target_compile.Built(program, target, "")
                usage = target_compile.Usage(registers=registers, group=256 if program == "wide" else 64)
                built.kernels = {"picture_luma": usage} if program == "picture" else \
                    {"train_gpu_hidden": usage, "train_gpu_output": usage, "train_cpu": usage}
                table.built.append(built)
                table.loops[built] = {"train_gpu_hidden": [target_loops.Loop(program, [])]}
        return table

    def test_variants_are_told_apart(self):
        table = self.table()
        self.assertEqual(table.kernels(), ["train_gpu_hidden", "train_gpu_output", "wide: train_gpu_hidden",
                                           "picture_luma"])
        for name, registers, group in [("train_gpu_hidden", 100, 64), ("wide: train_gpu_hidden", 120, 256)]:
            usages = table.usages(name)
            self.assertEqual(sorted(usages), ["sm_89", "sm_90"])
            self.assertEqual({(usage.registers, usage.group) for _, usage in usages.values()}, {(registers, group)})
        self.assertEqual([loop.label for loop in table.loops_of("wide: train_gpu_hidden")["sm_90"]], ["wide"])
        text = targets.by_target(table, targets.usage_cell, lambda group: True)
        self.assertIn("| wide: train_gpu_hidden | 256 | 0 | 120 | 120 |", text)

    def test_a_pattern_chooses_among_them(self):
        self.assertEqual(self.table("^train_gpu_hidden").kernels(), ["train_gpu_hidden"])
        self.assertEqual(self.table("wide").kernels(), ["wide: train_gpu_hidden"])

    def test_what_the_host_takes_of_a_program_is_there(self):
        for program, kernels in targets.VARIANTS.items():
            for kernel in kernels:
                self.assertRegex(target_compile.text_of(program), rf"\b{kernel}\(")


class CommandLine(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([sys.executable, "-B", SCRIPT, *arguments], capture_output=True, text=True)

    def test_nonsense_is_refused(self):
        for arguments, message in [(["--targets", "sm_9"], "there is no target sm_9; there are amd, intel, nvidia, "),
                                   (["--programs", "x"], "there is no program x; there are train, wide, split, picture, film"),
                                   (["--kernels", "("], "no regular expression"),
                                   (["--define", "=1"], "is not NAME=VALUE"),
                                   (["--tools", "/does/not/exist"], "/does/not/exist does not exist")]:
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_what_no_compiler_is_there_for_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "new", "table.md")
            done = self.run_script("--clang", "1", "--targets", "sm_90,amd", "--output", output)
            self.assertEqual(done.returncode, 77)
            self.assertRegex(done.stdout, r"left out: sm_90: no clang: .*; gfx906: no clang")
            with open(output, encoding="utf-8") as file:
                self.assertIn("- gfx1100: no clang", file.read())

    def test_a_compiler_that_fails_is_told_with_what_it_said(self):
        with self.assertRaisesRegex(RuntimeError, "sh ended with 3:\nso it is"):
            target_tools.run(["/bin/sh", "-c", "echo so it is; exit 3"])


if __name__ == "__main__":
    unittest.main()
