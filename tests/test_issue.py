#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/issue.py: control words, loops and paths, and lists of instructions whose cycles can be counted by hand.

usage: test_issue.py BENCH
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(sys.argv.pop()).resolve()
sys.path.insert(0, str(BENCH))
import issue_flow as flow  # noqa: E402
import issue_machine as machine  # noqa: E402
import issue_sass as sass  # noqa: E402


def line(offset, text, stall=1, stay=1, write=7, read=7, wait=0, reuse=0):
    """An instruction as nvdisasm prints it; only the control word is encoded."""
    control = stall | stay << 4 | write << 5 | read << 8 | wait << 11 | reuse << 17
    return (f"        /*{offset:04x}*/                   {text} ;    /* 0x0000000000000000 */\n"
            f"                                                     /* 0x{control << 41:016x} */\n")


def listing(*entries):
    """A kernel of (text, control fields) and labels."""
    out, offset = ".text.k:\n", 0
    for entry in entries:
        if isinstance(entry, str):
            out += f"{entry}:\n"
            continue
        text, fields = entry
        out += line(offset, text, **fields)
        offset += 16
    return out


def i(text, **fields):
    return text, fields


END = i("EXIT", stall=5)
CHAIN = [i("FFMA R1, R2, R3, R1", stall=4)] * 10 + [END]
LOOP = [i("S2R R0, SR_TID.X", write=0), ".L_x_1", i("FFMA R1, R2, R3, R1", stall=4),
        i("@P0 BRA `(.L_x_1)", stall=5), END]


class Decoding(unittest.TestCase):
    def one(self, text):
        return sass.parse(".text.k:\n" + text)["k"].code[0]

    def test_a_load_of_sm_90(self):
        found = self.one("        /*6410*/  @!P1 LDG.E.128 R84, desc[UR18][R126.64+0x600] ;  /* 0x000600127e549981 */\n"
                         "                                              /* 0x002162000c1e1d00 */\n")
        c = found.control
        self.assertEqual((found.name, found.guarded, found.width()), ("LDG", True, 16))
        self.assertEqual((c.stall, c.yields, c.write, c.read, c.wait), (1, False, 5, 0, 2))
        self.assertEqual(list(found.written()), [84, 85, 86, 87])

    def test_a_multiply_add_that_waits_and_keeps_an_operand(self):
        c = self.one("        /*30c0*/  FFMA R106, R39, R46.reuse, R106 ;  /* 0x0000002e276a7223 */\n"
                     "                                                     /* 0x082fe2000000006a */\n").control
        self.assertEqual((c.stall, c.write, c.read, c.wait, c.reuse), (1, 7, 7, 2, 2))

    def test_the_first_instruction_of_kernels(self):
        c = self.one("        /*0000*/  LDC R1, c[0x0][0x28] ;  /* 0x00000a00ff017b82 */\n"
                     "                                          /* 0x000fe20000000800 */\n").control
        self.assertEqual((c.stall, c.yields, c.write, c.read, c.wait, c.reuse), (1, False, 7, 7, 0, 0))

    def test_every_field_comes_back(self):
        c = self.one(line(0, "NOP", stall=11, stay=0, write=3, read=4, wait=0x2a, reuse=5)).control
        self.assertEqual((c.stall, c.yields, c.write, c.read, c.wait, c.reuse), (11, True, 3, 4, 0x2a, 5))

    def test_operands_and_what_stays_cached(self):
        found = self.one(line(0, "FFMA R106, -R39, R46.reuse, R106"))
        self.assertEqual(found.sources(), [(39, 0), (46, 1), (106, 0)])
        self.assertEqual(self.one(line(0, "ISETP.GE.AND P0, PT, R5, 0x7, PT")).sources()[0], (5, 0))


class Paths(unittest.TestCase):
    def walked(self, entries, trips=None, branches=None):
        f = flow.Flow(sass.parse(listing(*entries))["k"])
        return [f.code[n].name for n in flow.Walk(f, trips or {}, branches or {}).path()]

    def test_a_loop_runs_as_often_as_told(self):
        self.assertEqual(self.walked(LOOP, {"L1": 3}).count("FFMA"), 3)
        self.assertEqual(self.walked(LOOP).count("FFMA"), 1)
        self.assertEqual(self.walked(LOOP, {"0x10": 4}).count("FFMA"), 4)

    def test_loops_within_loops(self):
        nest = ["A", i("MOV R1, R2"), "B", i("FFMA R3, R4, R5, R3"), i("@P0 BRA `(B)"), i("@P1 BRA `(A)"), END]
        names = self.walked(nest, {"L1": 3, "L1.1": 5})
        self.assertEqual((names.count("MOV"), names.count("FFMA")), (3, 15))

    def test_a_loop_that_is_left_in_its_middle(self):
        middle = ["A", i("FFMA R3, R4, R5, R3"), i("@P0 EXIT"), i("STG.E [R2], R3"), i("BRA `(A)")]
        names = self.walked(middle, {"L1": 3})
        self.assertEqual((names.count("FFMA"), names.count("STG"), names[-1]), (3, 2, "EXIT"))

    def test_jumps_forward_are_not_taken_unless_told(self):
        skip = [i("@P0 BRA `(A)"), i("FADD R1, R1, R2"), "A", END]
        self.assertIn("FADD", self.walked(skip))
        self.assertNotIn("FADD", self.walked(skip, branches={"#1": True}))
        self.assertNotIn("FADD", self.walked(skip, branches={"0x0": "t"}))

    def test_a_jump_by_a_pattern(self):
        entries = ["A", i("@P1 BRA `(B)"), i("FADD R1, R1, R2"), "B", i("NOP"), i("@P0 BRA `(A)"), END]
        self.assertEqual(self.walked(entries, {"L1": 6}, {"L1#1": "ntt"}).count("FADD"), 2)

    def test_a_call_returns(self):
        entries = [i("CALL.REL.NOINC `($f)"), i("FADD R1, R1, R2"), END, "$f", i("MUFU.RCP R1, R1"),
                   i("RET.REL.NODEC R2 `(k)")]
        self.assertEqual(self.walked(entries), ["CALL", "MUFU", "RET", "FADD", "EXIT"])

    def test_a_loop_that_is_left_by_a_call(self):
        entries = ["A", i("FFMA R3, R4, R5, R3"), i("@P0 CALL.REL.NOINC `(B)"), i("BRA `(A)"), "B", END]
        self.assertEqual(self.walked(entries, {"L1": 3}).count("FFMA"), 3)

    def test_a_slow_way_is_not_gone(self):
        entries = [i("@P0 BRA `(A)"), i("CALL.REL.NOINC `($f)"), i("BRA `(B)"), "A", i("FMUL R1, R1, R2"), "B", END,
                   "$f", i("RET.REL.NODEC R2 `(k)")]
        self.assertEqual(self.walked(entries), ["BRA", "FMUL", "EXIT"])
        self.assertIn("CALL", self.walked(entries, branches={"#1": False}))

    def test_products_are_told_from_other_multiply_adds(self):
        entries = [i("CS2R R8, SRZ"), i("MOV R5, 0x3f800000"), "A", i("FFMA R1, R2, R3, R5"), i("FFMA R9, R1, R3, R8"),
                   i("FFMA R8, R1, R3, R9"), i("@P0 BRA `(A)"), END]
        f = flow.Flow(sass.parse(listing(*entries))["k"])
        self.assertEqual([f.code[n].operands[0] for n in sorted(f.useful)], ["R9", "R8"])

    def test_mistakes_in_a_table(self):
        for trips, branches in (({"L9": 1}, {}), ({}, {"L1#4": True}), ({}, {"0x10": True}), ({}, {"#1": True}),
                                ({}, {"L1#1": "x"}), ({}, {"0x7": True})):
            with self.assertRaises(flow.FlowError):
                self.walked(LOOP, trips, branches)

    def test_a_path_without_an_end(self):
        with self.assertRaises(flow.FlowError):
            flow.LONGEST, old = 1000, flow.LONGEST
            try:
                self.walked(["A", i("NOP"), i("NOP"), i("BRA `(A)")])
            finally:
                flow.LONGEST = old


class Cycles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.player = machine.Player(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def play(self, entries, warps=1, groups=1, resident=None, access=None, **changes):
        f = flow.Flow(sass.parse(listing(*entries))["k"])
        values = machine.settings("sm_90", changes.items())
        chosen = machine.Access(access or {}, f)
        numbers = [machine.encode(x, values, chosen, "l2", -1, n in f.useful) for n, x in enumerate(f.code)]
        return self.player.play(values, numbers, [flow.Walk(f, {}, {}).path()], 1, warps, resident or groups, groups)

    def test_a_chain_takes_its_stalls(self):
        out = self.play(CHAIN)
        self.assertEqual((out.cycles, out.issued, out.reasons["stall count"]), (41, 11, 30))

    def test_two_warps_fill_each_others_gaps(self):
        self.assertEqual(self.play(CHAIN, warps=8).cycles, 42)  # two a scheduler

    def test_many_warps_are_bound_by_issue(self):
        out = self.play(CHAIN, warps=32)  # eight a scheduler: 88 instructions
        self.assertEqual(out.issued, 32 * 11)
        self.assertLessEqual(88, out.cycles)
        self.assertLess(out.cycles, 96)

    def test_a_load_from_local_memory_is_waited_for(self):
        load = [i("LDS R1, [R2]", write=0), i("FFMA R3, R1, R1, R3", wait=1, stall=4), END]
        out = self.play(load)
        self.assertEqual(out.cycles, 29 + 4 + 1)
        self.assertEqual(self.play(load, shared=40).cycles, 40 + 4 + 1)

    def test_wide_loads_take_wavefronts(self):
        loads = [i("LDS.128 R4, [R2]", stall=2)] * 3 + [i("LDS.128 R4, [R2]", write=0), i("NOP", wait=1), END]
        self.assertEqual(self.play(loads).cycles, 4 * 4 - 1 + 29 + 2)
        self.assertEqual(self.play(loads, access={"LDS": 2}).cycles, 4 * 2 - 1 + 29 + 2)

    def test_all_schedulers_share_the_memory_pipe(self):
        loads = [i("LDS.128 R4, [R2]", write=0), i("NOP", wait=1), END]
        self.assertEqual(self.play(loads, warps=4).cycles, 4 * 4 - 1 + 29 + 2)

    def test_who_answers_a_load(self):
        load = [i("LDG.E R1, [R2.64]", write=0), i("NOP", wait=1), END]
        near, far = (self.play(load, access={"LDG": {"from": level}}).cycles for level in ("l1", "l2"))
        self.assertEqual(near, 34 + 2)
        self.assertEqual(far, 270 + 2 + 2)  # 128 bytes, 64 a cycle

    def test_a_barrier_waits_for_the_last(self):
        entries = [i("LDS R1, [R2]", write=0), i("BAR.SYNC 0x0", wait=1, stall=1), END]
        self.assertEqual(self.play(entries).cycles, 29 + 15 + 1)
        late = self.play(entries, warps=2)  # its load is a wavefront behind
        self.assertEqual(late.cycles, 1 + 29 + 15 + 1)

    def test_half_as_many_lanes_take_twice_as_long(self):
        many = [i(f"FFMA R{n}, R2, R3, R{n}") for n in range(10, 30)] + [END]
        self.assertEqual(self.play(many).cycles, 21)
        self.assertEqual(self.play(many, fma_lanes=16).cycles, 20 * 2)
        integers = [i(f"IADD3 R{n}, R2, R3, R4") for n in range(10, 30)] + [END]
        self.assertEqual(self.play(integers).cycles, 40)

    def test_reads_of_one_bank_are_in_each_others_way(self):
        many = [i(f"FFMA R{n}, R2, R4, R{n}") for n in range(10, 50, 2)] + [END]
        self.assertEqual(self.play(many).cycles, 21)
        self.assertGreater(self.play(many, register_window=3).cycles, 55)
        kept = [i(f"FFMA R{n}, R2.reuse, R4.reuse, R{n}") for n in range(10, 50, 2)] + [END]
        self.assertLess(self.play(kept, register_window=3).cycles, 25)

    def test_turning_to_another_warp_costs_a_cycle(self):
        self.assertEqual(self.play([i("FFMA R1, R2, R3, R1", stay=0)] * 10 + [END]).cycles, 21)

    def test_stores_hold_their_registers(self):
        self.assertEqual(self.play([i("STS [R2], R1", read=0), i("NOP", wait=1), END]).cycles, 10 + 2)

    def test_a_full_queue_holds_a_warp(self):
        loads = [i("LDS.128 R4, [R2]")] * 20 + [END]
        self.assertEqual(self.play(loads, queue=100).cycles, 19 * 2 + 2)  # handed over every other cycle
        self.assertEqual(self.play(loads, queue=1).cycles, 18 * 4 + 2)    # when the one before begins

    def test_device_memory_gives_so_many_bytes(self):
        loads = [i("LDG.E R1, [R2.64]", write=0)] * 10 + [i("NOP", wait=1), END]
        out = self.play(loads, access={"LDG": {"from": "dram"}}, dram_bytes=8)
        self.assertEqual(out.cycles, 10 * 128 // 8 + 600 + 2)

    def test_groups_follow_each_other(self):
        self.assertEqual(self.play(CHAIN, groups=3, resident=1).cycles, 3 * 41)

    def test_a_wait_for_all_but_some(self):
        entries = [i("LDG.E R1, [R2.64]", write=0), i("LDS R3, [R4]", write=0), i("DEPBAR.LE SB0, 0x1"), END]
        self.assertLess(self.play(entries[1:]).cycles, 40)
        self.assertGreater(self.play(entries).cycles, 270)

    def test_settings_that_are_none(self):
        for changes in ({"nonsense": 1}, {"shared": 0}):
            with self.assertRaises(machine.MachineError):
                machine.settings("sm_90", changes.items())


class Program(unittest.TestCase):
    def run_it(self, *words, table=None, entries=tuple(LOOP)):
        with tempfile.TemporaryDirectory() as folder:
            code = os.path.join(folder, "k.sass")
            with open(code, "w", encoding="utf-8") as file:
                file.write(listing(*entries))
            if table is not None:
                path = os.path.join(folder, "table.json")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(table if isinstance(table, str) else json.dumps(table))
                words += ("--table", path)
            return subprocess.run([sys.executable, "-B", str(BENCH / "issue.py"), *words, "--sass", code],
                                  capture_output=True, text=True)

    def test_the_nest(self):
        done = self.run_it("nest")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| L1 | 0x10 | 0x20 | 2 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | #1 0x20 → 0x10 |", done.stdout)

    def test_a_loop_in_its_steady_state(self):
        done = self.run_it("loop", "--least", "1", "--warps", "4,20", "--group", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| L1 | 0x10 | 2 | 1 | 50.0 % | 11 % | 50 % |", done.stdout)  # 9 cycles; every other slot
        self.assertNotIn("| 6 |", self.run_it("loop", "--least", "1", "--warps", "4,6", "--group", "4").stdout)

    def test_a_kernel_in_parts(self):
        done = self.run_it("kernel", "--groups", "1", table={"k": {"warps": 4, "trips": {"L1": 10},
                                                                   "phases": {"L1": "sums", "after L1": "end"}}})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("22 instructions a warp, 10 of them useful", done.stdout)
        self.assertIn("| 1 | 1 | 92 | 11 % |", done.stdout)
        self.assertIn("| resident | begin | sums | end |", done.stdout)
        self.assertIn("| 1 | 1 | 90 | 0 |", done.stdout)

    def test_work_that_is_left_out_counts_when_told(self):
        done = self.run_it("kernel", "--groups", "2", table={"k": {"warps": 4, "trips": {"L1": 10}, "work": 20}})
        self.assertIn("| with all work |", done.stdout)
        self.assertRegex(done.stdout, r"\| 2 \| 2 \| 9\d \| 2[012] % \| 4[0-4] % \|")

    def test_a_loop_that_nobody_named_is_told(self):
        self.assertIn("Loop L1 at 0x10 is not in the table", self.run_it("kernel", "k", "--groups", "1").stdout)

    def test_mistakes_are_one_line(self):
        for words, table in ((("kernel", "none"), None), (("kernel",), {"k": {"sizes": 1}}), (("kernel",), "{"),
                             (("kernel",), {"k": {"phases": {"0x7": "x"}}}),
                             (("kernel",), {"k": {"access": {"LDS": 2}}}),
                             (("loop", "k", "--loop", "L7"), None), (("kernel", "k", "--set", "speed=9"), None)):
            done = self.run_it(*words, table=table)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertTrue(done.stderr.startswith("issue.py: "), done.stderr)

    def test_the_settings_say_where_they_come_from(self):
        done = self.run_it("settings", "--set", "l2=300")
        self.assertIn("| l2 | 300 |", done.stdout)


if __name__ == "__main__":
    unittest.main()
