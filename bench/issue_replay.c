/* SPDX-License-Identifier: MIT */
/* Replays traces of warps on one multiprocessor, cycle by cycle: the inner loop of bench/issue.py,
 * which compiles this file, writes a problem to its standard input and reads what came of it.
 * README.md in the folder above says what the model has and what it leaves out. Everything read
 * is whole numbers between spaces, in the order of read_problem(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULERS 4
#define SCOREBOARDS 6
#define OUTSTANDING 32 /* completions that a scoreboard remembers, for waits for all but n */
#define SOURCES 3
#define BANKS 2
#define NEVER (1LL << 60)

typedef long long cycle;

/* Pipes that a scheduler has to itself; FMA takes whichever half is free. */
enum { NO_PIPE, FMA, HEAVY, ALU, XU, UNIFORM, MEMORY, TENSOR, FP64, PIPES };
/* What is done apart from taking a pipe. */
enum { PLAIN, LATENT, SHARED, GLOBAL, STORE, BARRIER, WAIT_SOME, FINISH };
/* Why a scheduler issued nothing. */
enum { IDLE, AT_BARRIER, STALL, SCOREBOARD, PIPE, QUEUE, PORTS, REASONS };

typedef struct instruction {
    int pipe, busy, kind, stall, yield, write, read, wait, latency, wavefronts, bytes, dram, mark;
    int useful, scoreboard, left, source[SOURCES], reuse[SOURCES];
} instruction;

typedef struct trace {
    int *at, length;
} trace;

typedef struct warp {
    int group, role, next, live, waits, phase, last_slot;
    cycle ready, phase_since;
    cycle done[SCOREBOARDS][OUTSTANDING], latest[SCOREBOARDS];
    int count[SCOREBOARDS];
} warp;

typedef struct scheduler {
    cycle free[PIPES], lite_free, ports[BANKS], *queue;
    int last, queue_at, cached_warp[SOURCES][BANKS], cached_register[SOURCES][BANKS];
} scheduler;

static struct {
    int halves, lite_busy, queue, window, barrier, read_latency, l2_bytes, dram_bytes, greedy;
    int instructions, roles, phases, per_group, resident, groups;
} set;
static instruction *code;
static trace *roles;
static warp *warps;
static scheduler schedulers[SCHEDULERS];
static cycle pipe_free, issued, useful, first_end, useful_then, reasons[REASONS], *phase_cycles;
static double l2_free, dram_free;
static int groups_begun, *arrived, *living;

static int number(void) {
    int value;
    if (scanf("%d", &value) != 1) {
        fprintf(stderr, "replay: the problem ends too early\n");
        exit(1);
    }
    return value;
}

static void *room(size_t count, size_t size) {
    void *at = calloc(count ? count : 1, size);
    if (!at) {
        fprintf(stderr, "replay: no memory\n");
        exit(1);
    }
    return at;
}

static void read_instruction(instruction *i) {
    int *const fields[] = {&i->pipe,    &i->busy,       &i->kind,       &i->stall,
                           &i->yield,   &i->write,      &i->read,       &i->wait,
                           &i->latency, &i->wavefronts, &i->bytes,      &i->dram,
                           &i->mark,    &i->useful,     &i->scoreboard, &i->left};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        *fields[f] = number();
    }
    for (int s = 0; s < SOURCES; s++) {
        i->source[s] = number();
        i->reuse[s] = number();
    }
}

static void read_problem(void) {
    int *const fields[] = {&set.halves,    &set.lite_busy,    &set.queue,    &set.window,
                           &set.barrier,   &set.read_latency, &set.l2_bytes, &set.dram_bytes,
                           &set.greedy,    &set.instructions, &set.roles,    &set.phases,
                           &set.per_group, &set.resident,     &set.groups};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        *fields[f] = number();
    }
    code = room((size_t)set.instructions, sizeof *code);
    for (int i = 0; i < set.instructions; i++) {
        read_instruction(code + i);
    }
    roles = room((size_t)set.roles, sizeof *roles);
    for (int r = 0; r < set.roles; r++) {
        roles[r].length = number();
        roles[r].at = room((size_t)roles[r].length, sizeof(int));
        for (int i = 0; i < roles[r].length; i++) {
            roles[r].at[i] = number();
        }
    }
}

/* The next group starts in the place of one that ended; its warps have the roles in turn. */
static void begin_group(int place, cycle now) {
    if (groups_begun == set.groups) {
        return;
    }
    groups_begun++;
    living[place] = set.per_group;
    arrived[place] = 0;
    for (int i = 0; i < set.per_group; i++) {
        warp *w = warps + place * set.per_group + i;
        memset(w, 0, sizeof *w);
        w->group = place;
        w->role = i % set.roles;
        w->live = 1;
        w->ready = w->phase_since = now;
    }
}

/* When the loads of a scoreboard are down to `left`; they are taken to end in their order. */
static cycle drained(const warp *w, int scoreboard, int left) {
    const int last = w->count[scoreboard] - 1 - left;
    return left == 0  ? w->latest[scoreboard]
           : last < 0 ? 0
                      : w->done[scoreboard][last % OUTSTANDING];
}

static void pending(warp *w, int scoreboard, cycle until) {
    if (scoreboard < SCOREBOARDS) {
        w->done[scoreboard][w->count[scoreboard]++ % OUTSTANDING] = until;
        if (until > w->latest[scoreboard]) {
            w->latest[scoreboard] = until;
        }
    }
}

/* Reads of registers that no cache of operands saves, a bank each. */
static void count_reads(const scheduler *s, const instruction *i, int who, int reads[BANKS]) {
    memset(reads, 0, BANKS * sizeof *reads);
    for (int o = 0; o < SOURCES; o++) {
        const int r = i->source[o], b = r % BANKS;
        if (r >= 0 && (s->cached_warp[o][b] != who + 1 || s->cached_register[o][b] != r)) {
            reads[b]++;
        }
    }
}

/* When warp `who` can issue next, at best; `now` where it can. What holds it goes to *why. */
static cycle when(const scheduler *s, int who, cycle now, int *why) {
    const warp *w = warps + who;
    const instruction *i = code + roles[w->role].at[w->next];
    if (w->waits) {
        *why = AT_BARRIER;
        return NEVER;
    }
    *why = STALL;
    if (w->ready > now) {
        return w->ready;
    }
    *why = SCOREBOARD;
    for (int b = 0; b < SCOREBOARDS; b++) {
        if (i->wait >> b & 1 && w->latest[b] > now) {
            return w->latest[b];
        }
    }
    if (i->kind == WAIT_SOME && drained(w, i->scoreboard, i->left) > now) {
        return drained(w, i->scoreboard, i->left);
    }
    *why = PIPE;
    if (i->pipe == FMA && set.halves == 2) {
        if (s->free[HEAVY] > now && s->lite_free > now) {
            return s->free[HEAVY] < s->lite_free ? s->free[HEAVY] : s->lite_free;
        }
    } else if (i->pipe != NO_PIPE && s->free[i->pipe == FMA ? HEAVY : i->pipe] > now) {
        return s->free[i->pipe == FMA ? HEAVY : i->pipe];
    }
    *why = QUEUE;
    if (i->pipe == MEMORY && s->queue[s->queue_at] > now) {
        return s->queue[s->queue_at];
    }
    *why = PORTS;
    if (set.window > 0 && i->pipe != MEMORY) {
        int reads[BANKS];
        count_reads(s, i, who, reads);
        for (int b = 0; b < BANKS; b++) {
            if (reads[b] && (s->ports[b] > now ? s->ports[b] : now) + reads[b] > now + set.window) {
                return now + 1;
            }
        }
    }
    return now;
}

static void read_operands(scheduler *s, const instruction *i, int who, cycle now) {
    int reads[BANKS];
    count_reads(s, i, who, reads);
    for (int b = 0; b < BANKS; b++) {
        if (reads[b]) {
            s->ports[b] = (s->ports[b] > now ? s->ports[b] : now) + reads[b];
        }
    }
    for (int o = 0; o < SOURCES; o++) {
        if (i->source[o] >= 0) {
            const int b = i->source[o] % BANKS;
            s->cached_warp[o][b] = i->reuse[o] ? who + 1 : 0;
            s->cached_register[o][b] = i->source[o];
        }
    }
}

/* A load or store through the memory pipe, which all schedulers share; gives when it is done. */
static cycle through_memory(scheduler *s, const instruction *i, cycle now, cycle *read) {
    const cycle start = pipe_free > now ? pipe_free : now;
    cycle end = start + i->wavefronts - 1;
    pipe_free = end + 1;
    s->queue[s->queue_at] = start;
    s->queue_at = (s->queue_at + 1) % set.queue;
    *read = end + set.read_latency;
    if (i->bytes > 0) {
        l2_free = (l2_free > (double)end ? l2_free : (double)end) + (double)i->bytes / set.l2_bytes;
        double arrives = l2_free;
        if (i->dram) {
            dram_free = (dram_free > (double)end ? dram_free : (double)end) +
                        (double)i->bytes / set.dram_bytes;
            arrives = dram_free > arrives ? dram_free : arrives;
        }
        end = (cycle)arrives;
    }
    return end + i->latency;
}

/* Where all that still run have arrived, they go on. */
static void open_barrier(int group, cycle now) {
    if (arrived[group] < living[group]) {
        return;
    }
    arrived[group] = 0;
    for (int i = 0; i < set.per_group; i++) {
        warp *w = warps + group * set.per_group + i;
        if (w->waits) {
            w->waits = 0;
            w->ready = now + set.barrier;
        }
    }
}

static void enter_phase(warp *w, int phase, cycle now) {
    phase_cycles[w->phase] += now - w->phase_since;
    w->phase = phase;
    w->phase_since = now;
}

static void finish(warp *w, cycle now) {
    enter_phase(w, w->phase, now);
    w->live = 0;
    if (!first_end) {
        first_end = now;
        useful_then = useful;
    }
    if (--living[w->group] == 0) {
        begin_group(w->group, now + 1);
    } else {
        open_barrier(w->group, now);
    }
}

static void take_pipe(scheduler *s, const instruction *i, cycle now) {
    if (i->pipe == FMA && set.halves == 2 && s->lite_free <= now) {
        s->lite_free = now + set.lite_busy;
    } else if (i->pipe != NO_PIPE) {
        s->free[i->pipe == FMA ? HEAVY : i->pipe] = now + i->busy;
    }
}

static void issue(scheduler *s, int who, cycle now) {
    warp *w = warps + who;
    const instruction *i = code + roles[w->role].at[w->next];
    cycle read = now + set.read_latency, done = now + i->latency;
    if (i->mark >= 0) {
        enter_phase(w, i->mark, now);
    }
    take_pipe(s, i, now);
    if (i->pipe != MEMORY) {
        read_operands(s, i, who, now);
    }
    if (i->kind == SHARED || i->kind == GLOBAL || i->kind == STORE) {
        done = through_memory(s, i, now, &read);
    }
    pending(w, i->write, done);
    pending(w, i->read, read);
    w->ready = now + (i->yield && i->stall < 2 ? 2 : i->stall);
    w->next++;
    issued++;
    useful += i->useful;
    s->last = who;
    if (i->kind == BARRIER) {
        w->waits = 1;
        arrived[w->group]++;
        open_barrier(w->group, now);
    } else if (i->kind == FINISH || w->next == roles[w->role].length) {
        finish(w, now);
    }
}

/* One cycle of one scheduler: which warp issues, or when one may at the earliest, and why not. */
static int choose(const scheduler *s, int index, cycle now, cycle *next, int *why) {
    const int all = set.resident * set.per_group;
    *next = NEVER;
    *why = IDLE;
    for (int turn = -1; turn < all; turn++) {
        const int who = turn < 0 ? s->last : set.greedy == 1 ? all - 1 - turn : turn;
        if (who % SCHEDULERS != index || !warps[who].live || (turn < 0 && !set.greedy)) {
            continue;
        }
        int reason;
        const cycle at = when(s, who, now, &reason);
        if (at <= now) {
            return who;
        }
        if (at < *next || *why == IDLE || reason == PORTS) {
            *next = at;
            *why = reason;
        }
        if (reason == PORTS) { /* it was chosen: others wait behind it */
            return -1;
        }
    }
    return -1;
}

static cycle run(void) {
    cycle now = 0;
    for (;;) {
        cycle soonest = NEVER, held[SCHEDULERS];
        int why[SCHEDULERS], any = 0, live = 0;
        for (int s = 0; s < SCHEDULERS; s++) {
            const int who = choose(schedulers + s, s, now, held + s, why + s);
            if (who >= 0) {
                issue(schedulers + s, who, now);
                why[s] = -1;
                any = 1;
            } else if (held[s] < soonest) {
                soonest = held[s];
            }
        }
        for (int p = 0; p < set.resident; p++) {
            live += living[p];
        }
        if (!live) {
            return now + 1;
        }
        if (!any && soonest == NEVER) {
            fprintf(stderr, "replay: all warps wait for each other at barriers\n");
            exit(1);
        }
        const cycle next = any ? now + 1 : soonest;
        for (int s = 0; s < SCHEDULERS; s++) {
            if (why[s] >= 0) {
                reasons[why[s]] += next - now;
            }
        }
        now = next;
    }
}

int main(void) {
    read_problem();
    phase_cycles = room((size_t)set.phases, sizeof *phase_cycles);
    warps = room((size_t)(set.resident * set.per_group + SCHEDULERS), sizeof *warps);
    arrived = room((size_t)set.resident, sizeof *arrived);
    living = room((size_t)set.resident, sizeof *living);
    for (int s = 0; s < SCHEDULERS; s++) {
        schedulers[s].queue = room((size_t)set.queue, sizeof(cycle));
        schedulers[s].last = s;
    }
    for (int p = 0; p < set.resident; p++) {
        begin_group(p, 0);
    }
    printf("%lld", run());
    printf(" %lld %lld %lld %lld", issued, useful, first_end, useful_then);
    for (int r = 0; r < REASONS; r++) {
        printf(" %lld", reasons[r]);
    }
    for (int p = 0; p < set.phases; p++) {
        printf(" %lld", phase_cycles[p]);
    }
    printf("\n");
    return 0;
}
