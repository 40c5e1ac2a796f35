/* SPDX-License-Identifier: MIT */
#include "cli/predict_report.h"

#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/predict_votes.h"

enum { MARGIN = 16, LONGEST_BAR = 40, TEXT = 64 };

/* The first of the largest, as in evaluations. */
static size_t answer_of(const float *sums) {
    size_t class = 0;
    for (size_t o = 1; o < CBX_CLASSES; o++) {
        class = sums[o] > sums[class] ? o : class;
    }
    return class;
}

static const char *tone_name(const cbx_digit_look *look) {
    return look->dark_on_light ? "dark on light" : "light on dark";
}

/* ---- words ---- */

/* In eighths of a column where the terminal has them. Nothing leaves no blanks behind. */
static void print_bar(double share, unsigned columns, int utf8) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const unsigned eighths = (unsigned)(share * columns * 8 + 0.5);
    const unsigned whole = utf8 ? eighths / 8 : (eighths + 4) / 8;
    fputs(whole > 0 || (utf8 && eighths > 0) ? "  " : "", stdout);
    for (unsigned i = 0; i < whole; i++) {
        fputs(utf8 ? "█" : "#", stdout);
    }
    fputs(utf8 ? parts[eighths % 8] : "", stdout);
}

static void print_outputs(const float *outputs, size_t class, const cli_terminal *terminal) {
    const unsigned room = terminal->columns > MARGIN ? terminal->columns - MARGIN : 1;
    const unsigned columns = room < LONGEST_BAR ? room : LONGEST_BAR;
    for (size_t o = 0; o < CBX_CLASSES; o++) {
        const int bold = o == class && terminal->colour;
        printf("%s  %zu  %6.4f", bold ? "\033[1m" : "", o, (double)outputs[o]);
        print_bar((double)outputs[o], columns, terminal->utf8);
        fputs(bold ? "\033[0m\n" : "\n", stdout);
    }
}

/* "  votes for 5: neuron 12 +3.21, 40 -1.10; the bias +0.10; all together +2.40", in lines that fit. */
static void print_votes(const cli_answer *answer, size_t class, const cli_terminal *terminal) {
    cli_vote votes[CLI_MOST_VOTES];
    char text[TEXT];
    const size_t count = cli_find_votes(answer->network, answer->activations, class, votes);
    int used = printf("  neurons for %zu:", class);
    for (size_t i = 0; i < count + 2; i++) {
        const double bias = answer->network->w2[class], sum = answer->sums[class];
        const int length = i < count ? snprintf(text, sizeof text, " %u %+.2f%s", votes[i].neuron,
                                                votes[i].vote, i + 1 < count ? "," : ";")
                           : i == count ? snprintf(text, sizeof text, " bias %+.2f;", bias)
                                        : snprintf(text, sizeof text, " all together %+.2f", sum);
        if (used + length > (int)terminal->columns) {
            used = printf("\n   ");
        }
        used += printf("%s", text) > 0 ? length : 0;
    }
    putchar('\n');
}

int cli_answer_print(const cli_answer *answer, const cli_terminal *terminal) {
    const size_t class = answer_of(answer->sums);
    cli_print_printable(stdout, answer->file, 0);
    printf(": %zu  (%u %s %u, %s)\n", class, answer->width, terminal->utf8 ? "×" : "x",
           answer->height, tone_name(&answer->look));
    print_outputs(answer->outputs, class, terminal);
    print_votes(answer, class, terminal);
    return cli_flush(CLI_DONE);
}

/* ---- JSON ---- */

static json_t *numbers(const float *values) {
    json_t *array = json_array();
    for (size_t o = 0; o < CBX_CLASSES; o++) {
        cbx_json_append(&array, cbx_json_number((double)values[o]));
    }
    return array;
}

static json_t *votes_of(const cli_answer *answer, size_t class) {
    cli_vote votes[CLI_MOST_VOTES];
    const size_t count = cli_find_votes(answer->network, answer->activations, class, votes);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        cbx_json_append(&array, json_pack("{s:i, s:o, s:o}", "neuron", (int)votes[i].neuron,
                                          "activation", cbx_json_number(votes[i].activation),
                                          "vote", cbx_json_number(votes[i].vote)));
    }
    return array;
}

static int print_json(json_t *object) {
    if (!cli_json_line(stdout, object)) {
        return cli_fail_status(object ? CBX_CANNOT_WRITE : CBX_NO_MEMORY);
    }
    return CLI_DONE;
}

int cli_answer_json(const cli_answer *answer) {
    const size_t class = answer_of(answer->sums);
    return print_json(json_pack(
        "{s:o, s:i, s:o, s:o, s:o, s:o, s:i, s:i, s:s, s:b}", "file", cbx_json_string(answer->file),
        "class", (int)class, "probabilities", numbers(answer->outputs), "sums",
        numbers(answer->sums), "votes", votes_of(answer, class), "bias",
        cbx_json_number((double)answer->network->w2[class]), "width", (int)answer->width, "height",
        (int)answer->height, "tone", tone_name(&answer->look), "as_it_is", answer->look.as_it_is));
}

/* ---- all test images ---- */

static double accuracy(const cbx_evaluation *evaluation) {
    return (double)evaluation->correct / (double)evaluation->images;
}

int cli_evaluation_print(const cbx_evaluation *evaluation, const char *data,
                         const cli_terminal *terminal) {
    char images[CLI_NUMBER], correct[CLI_NUMBER];
    const char *dot = terminal->utf8 ? "·" : ".";
    cli_print_printable(stdout, data, 0);
    printf(": %s, loss %.4f, accuracy %.2f %%, %s right\n\n",
           cli_counted(images, evaluation->images, "test image"), evaluation->loss,
           100 * accuracy(evaluation), cli_count(correct, evaluation->correct));
    fputs("  digit  taken for\n       ", stdout);
    for (size_t o = 0; o < CBX_CLASSES; o++) {
        printf("%6zu", o);
    }
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        printf("\n  %5zu", label);
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            const uint64_t count = evaluation->confusion[label][o];
            const int bold = o == label && terminal->colour;
            if (count > 0) {
                printf("%s%6llu%s", bold ? "\033[1m" : "", (unsigned long long)count,
                       bold ? "\033[0m" : "");
            } else {
                printf("     %s", dot);
            }
        }
    }
    putchar('\n');
    return cli_flush(CLI_DONE);
}

int cli_evaluation_json(const cbx_evaluation *evaluation, const char *data) {
    return print_json(json_pack(
        "{s:o, s:I, s:I, s:o, s:o, s:o}", "data", cbx_json_string(data), "images",
        (json_int_t)evaluation->images, "correct", (json_int_t)evaluation->correct, "loss",
        cbx_json_number(evaluation->loss), "accuracy", cbx_json_number(accuracy(evaluation)),
        "confusion", cbx_json_confusion(evaluation->confusion)));
}
