/* SPDX-License-Identifier: BSD-2-Clause */
/* A VICI server with canned answers in a thread of its own: for clients of all kinds. */
#ifndef SUPPORT_CANNED_H
#define SUPPORT_CANNED_H

struct canned;

/* Listens at path when it returns. Aborts the test program where it cannot. */
struct canned *canned_start(const char *path);
/* Ends and frees it: no connection is left, the socket file is gone. */
void canned_stop(struct canned *c);

#endif
