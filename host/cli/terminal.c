/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80 };

static unsigned width(int file) {
    const char *columns = getenv("COLUMNS");
    long asked = columns ? strtol(columns, NULL, 10) : 0;
    if (asked >= 20 && asked <= 1000) {
        return (unsigned)asked;
    }
    struct winsize size;
    if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return DEFAULT_COLUMNS;
}

void cli_terminal_look(cli_terminal *terminal, FILE *stream) {
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    int file = fileno(stream);
    int dumb = !term || !term[0] || strcmp(term, "dumb") == 0;

    /* Only the encoding: numbers keep the point that parsers expect. */
    setlocale(LC_CTYPE, "");
    terminal->is_terminal = isatty(file) && !dumb;
    terminal->colour = terminal->is_terminal && !(no_color && no_color[0]);
    terminal->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    terminal->stream = stream;
    cli_terminal_measure(terminal);
}

unsigned cli_terminal_measure(cli_terminal *terminal) {
    const int file = fileno(terminal->stream);
    terminal->columns = isatty(file) ? width(file) : DEFAULT_COLUMNS;
    return terminal->columns;
}

const char *cli_count(char text[CLI_NUMBER], uint64_t count) {
    char digits[CLI_NUMBER];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    char *out = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *cli_counted(char text[CLI_NUMBER], uint64_t count, const char *what) {
    char number[CLI_NUMBER];
    snprintf(text, CLI_NUMBER, "%.19s %.10s%s", cli_count(number, count), what,
             count == 1 ? "" : "s");
    return text;
}

const char *cli_bytes(char text[CLI_NUMBER], uint64_t bytes) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        snprintf(text, CLI_NUMBER, "%u bytes", (unsigned)bytes);
        return text;
    }
    while (amount >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) {
        amount /= 1024;
        unit++;
    }
    snprintf(text, CLI_NUMBER, "%.1f %s", amount, units[unit]);
    return text;
}

const char *cli_clock(char text[CLI_NUMBER], double seconds) {
    /* A week is longer than any guess is worth; NaN lands here too. */
    if (!(seconds >= 0 && seconds < 7 * 86400.0)) {
        snprintf(text, CLI_NUMBER, "-:--");
        return text;
    }
    unsigned whole = (unsigned)(seconds + 0.5);
    if (whole < 3600) {
        snprintf(text, CLI_NUMBER, "%u:%02u", whole / 60, whole % 60);
    } else {
        snprintf(text, CLI_NUMBER, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
    }
    return text;
}

const char *cli_spec(char text[CLI_NUMBER], const cbx_device_info *device) {
    snprintf(text, CLI_NUMBER, "%u:%u", device->platform_index, device->device_index);
    return text;
}

const char *cli_kind_name(cbx_device_kind kind) {
    return kind == CBX_KIND_CPU ? "CPU" : kind == CBX_KIND_GPU ? "GPU" : "other";
}

/* Bytes of the UTF-8 character at `text`, 0 when it is none; *code gets its number. */
static size_t utf8_character(const unsigned char *text, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t length = text[0] < 0x80             ? 1
                          : (text[0] & 0xE0) == 0xC0 ? 2
                          : (text[0] & 0xF0) == 0xE0 ? 3
                          : (text[0] & 0xF8) == 0xF0 ? 4
                                                     : 0;
    if (length == 0) {
        return 0;
    }
    *code = length == 1 ? text[0] : text[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (text[i] & 0x3Fu);
    }
    return *code >= least[length] && *code <= 0x10FFFF && (*code & 0xFFFFF800u) != 0xD800 ? length
                                                                                          : 0;
}

/* Controls of ASCII and of Unicode, and what turns the direction of writing. */
static int steers(uint32_t code) {
    return code < 32 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void cli_print_printable(FILE *out, const char *text, int lines) {
    while (*text) {
        uint32_t code = 0;
        const size_t length = utf8_character((const unsigned char *)text, &code);
        if (length == 0 || (steers(code) && !(lines && (code == '\n' || code == '\t')))) {
            fputc('?', out);
        } else {
            fwrite(text, 1, length, out);
        }
        text += length > 0 ? length : 1;
    }
}

void cli_shorten(char *out, size_t size, const char *typed) {
    const int cut = strlen(typed) >= size;
    snprintf(out, size, "%.*s%s", (int)(cut ? size - 4 : size), typed, cut ? "..." : "");
}

const char *cli_bold(const cli_terminal *terminal) {
    return terminal->colour ? "\033[1m" : "";
}

const char *cli_dim(const cli_terminal *terminal) {
    return terminal->colour ? "\033[2m" : "";
}

const char *cli_plain(const cli_terminal *terminal) {
    return terminal->colour ? "\033[0m" : "";
}

void cli_label(const cli_terminal *terminal, const char *name) {
    fprintf(terminal->stream, "  %s%-9s%s ", cli_dim(terminal), name, cli_plain(terminal));
}

void cli_label_path(const cli_terminal *terminal, const char *name, const char *path) {
    cli_label(terminal, name);
    cli_print_printable(terminal->stream, path, 0);
    fputc('\n', terminal->stream);
}
