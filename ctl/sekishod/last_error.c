/* SPDX-License-Identifier: BSD-2-Clause */
#include "last_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shell.h"

const struct last_error *last_error_of(const struct shell *sh, const char *conn)
{
	for (const struct last_error *e = sh->last_errors; e; e = e->next)
		if (!strcmp(e->conn, conn))
			return e;
	return NULL;
}

void last_error_keep(struct shell *sh, const char *conn, const char *text)
{
	struct last_error *e = (struct last_error *)last_error_of(sh, conn);

	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return; /* the log has it all the same */
		snprintf(e->conn, sizeof(e->conn), "%s", conn);
		e->next = sh->last_errors;
		sh->last_errors = e;
	}
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->at_ms = shell_now_ms();
}

static bool is_configured(const struct shell *sh, const char *conn)
{
	for (size_t i = 0; i < sh->conf->n_conns; i++)
		if (!strcmp(sh->conf->conns[i]->name, conn))
			return true;
	return false;
}

void last_errors_prune(struct shell *sh)
{
	for (struct last_error **at = &sh->last_errors; *at;) {
		struct last_error *e = *at;

		if (is_configured(sh, e->conn)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		free(e);
	}
}

void last_errors_fini(struct shell *sh)
{
	while (sh->last_errors) {
		struct last_error *e = sh->last_errors;

		sh->last_errors = e->next;
		free(e);
	}
}
