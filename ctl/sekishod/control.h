/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: VICI commands answered from the core and the maps (docs/vici.md). */
#ifndef SEKISHOD_CONTROL_H
#define SEKISHOD_CONTROL_H

#include "shell.h"

int control_start(struct shell *sh) MUST_USE;
void control_stop(struct shell *sh);

/* What happens in the core, told to the clients that wait for it. */
void control_child_up(struct shell *sh, const struct child_sa *sa);
/* child NULL: all of the connection. */
void control_failed(struct shell *sh, const struct conn *conn, const struct conn_child *child,
		    const char *why);
void control_log(struct shell *sh, const struct conn *conn, const char *text);
/* Event "drop" to who registered for it. */
void control_dropped(struct shell *sh, const struct drop_sample *s);
/* The command `redirect`. */
struct vici_request;
void control_redirect(struct vici_request *req, void *arg);
/* After every batch of effects: who waited for something to be gone. */
void control_settle(struct shell *sh);

#endif
