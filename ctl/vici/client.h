/* SPDX-License-Identifier: BSD-2-Clause */
/* A small blocking VICI client: what the command line needs, and tests. */
#ifndef VICI_CLIENT_H
#define VICI_CLIENT_H

#include "vici/vici.h"

struct vici_client;

/* Connect to the Unix socket at `path`. timeout_ms: how long one receive may take; 0: for ever.
 * -ENOENT or -ECONNREFUSED: nobody listens there; -EACCES: not permitted; -errno. */
int vici_open(const char *path, unsigned timeout_ms, struct vici_client **ret_client) MUST_USE;
void vici_close(struct vici_client *client);

/*
 * One command. `event`: registered first (and it stays so), NULL: none; `each` gets the message
 * of every such event that comes before the response. args: NULL for none. *ret_response is valid until the next call.
 * -ENOSYS: the daemon does not know the command or the event; -EBADMSG; -ETIMEDOUT;
 * -ECONNRESET: it went away; -EINTR. After an error the connection is of no use: close it.
 */
int vici_call(struct vici_client *client, const char *command, const struct vici_msg *args,
	      const char *event, void (*each)(struct reader message, void *arg), void *arg,
	      struct reader *ret_response) MUST_USE;

#endif
