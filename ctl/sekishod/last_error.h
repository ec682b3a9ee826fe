/* SPDX-License-Identifier: BSD-2-Clause */
/* The last error of every connection, for `sekisho status`: it outlives the IKE SA. */
#ifndef SEKISHOD_LAST_ERROR_H
#define SEKISHOD_LAST_ERROR_H

#include "ike/conn.h"

struct shell;

struct last_error {
	struct last_error *next;
	char conn[CONN_NAME_MAX];
	char text[1024];
	uint64_t at_ms; /* shell_now_ms() */
};

/* Keep it in place of the one before. */
void last_error_keep(struct shell *sh, const char *conn, const char *text);
/* NULL: there was none. */
const struct last_error *last_error_of(const struct shell *sh, const char *conn);
/* Those of connections that are not configured any more. */
void last_errors_prune(struct shell *sh);
void last_errors_fini(struct shell *sh);

#endif
