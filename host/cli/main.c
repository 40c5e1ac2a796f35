/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/ranks.h"

int main(int argc, char **argv) {
    cli_begin();
    const int code = cli_refuse_ranks(argc, argv);
    return code == CLI_PARSED ? cli_run(argc, argv) : code;
}
