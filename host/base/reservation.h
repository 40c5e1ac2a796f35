/* SPDX-License-Identifier: MIT */
/* Names of files that one process keeps to itself while it works, also before there is a file, by a hidden
 * one beside it, .NAME.lock-PID (base/claim.h). Like temporaries it goes with its process, or is found
 * dead by the next. */
#ifndef CBX_BASE_RESERVATION_H
#define CBX_BASE_RESERVATION_H

/* Zeroed: nothing. */
typedef struct cbx_reservation {
    const char *name; /* of the hidden file */
    int file;         /* that one, locked */
} cbx_reservation;

/* Reserves the file that `path` leads to, and that with a '~' behind its name, or without one. 0, or an errno:
 * EWOULDBLOCK: somebody else has one of both; else the hidden file cannot be made, as in a folder that is
 * read-only, and nobody else has them. Two that ask at the same moment may both be refused. */
int cbx_reservation_take(cbx_reservation *out, const char *path);

/* Gives them back; zeroed after it. */
void cbx_reservation_end(cbx_reservation *reservation);

#endif
