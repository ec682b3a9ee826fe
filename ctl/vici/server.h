/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VICI server: a Unix stream socket on a libuv loop. One thread, the loop's.
 *
 * A command's handler gets a request. It fills the response message, streams events to the
 * client if the command has any, and completes the request: at once, or later from any other
 * callback of the loop (initiate, terminate). A request that was given to a handler is always
 * valid until it is completed, also when the client has gone: what is sent then goes nowhere.
 * Complete every request exactly once; afterwards it must not be touched.
 *
 *     static void version(struct vici_request *req, void *arg)
 *     {
 *             vici_kv(vici_response(req), "daemon", "sekishod");
 *             vici_done(req);
 *     }
 *
 * The protocol allows one command at a time per connection: further packets of a client wait
 * (unread) until its request is completed, and then run from the loop, not from within
 * vici_done(). Bounds: VICI_CLIENTS_MAX connections, VICI_QUEUE_MAX
 * bytes unsent per client; who is slower, or sends something malformed, is cut.
 */
#ifndef VICI_SERVER_H
#define VICI_SERVER_H

#include <uv.h>
#include "vici/vici.h"

#define VICI_CLIENTS_MAX 32u
#define VICI_QUEUE_MAX (16u * 1024 * 1024) /* a list of 8192 SAs is some 10 MiB */
#define VICI_STALL_MS 10000u               /* unsent bytes and no progress: cut */
#define VICI_SOCKET_NAME "sekisho.vici"    /* in the run directory */

struct vici_server;
struct vici_request;

struct vici_command {
	const char *name; /* "list-sas" */
	void (*run)(struct vici_request *req, void *arg);
};

/* Both tables end with a NULL name and must outlive the server. `events`: names that clients may
 * register for, e.g. "list-sa", "control-log", "ike-updown". */
struct vici_api {
	const struct vici_command *commands;
	const char *const *events;
	void *arg; /* for the handlers */
};

/* Listen at `path` (mode 0600, of our user; the folder must exist). A socket file that nobody
 * answers is replaced. -EADDRINUSE: another server answers there. -errno. */
int vici_server_start(uv_loop_t *loop, const char *path, const struct vici_api *api,
		      struct vici_server **ret_server) MUST_USE;
/* Close all connections and remove the socket file. Open requests stay valid (completing them
 * frees them); the server frees itself on the loop: run the loop once more. NULL is fine. */
void vici_server_stop(struct vici_server *server);
/* Send an event to every client that registered for it, e.g. "log", "child-updown". Costs
 * nothing when nobody has: ask vici_wants() before building a big message. */
void vici_broadcast(struct vici_server *server, const char *event, const struct vici_msg *msg);
bool vici_wants(const struct vici_server *server, const char *event);

/* ---- A request ------------------------------------------------------------------ */

const char *vici_command_name(const struct vici_request *req);
/* Its arguments: a well-formed message (the server has checked it), valid until completion. */
struct reader vici_args(const struct vici_request *req);
/* The response under construction. */
struct vici_msg *vici_response(struct vici_request *req);
/* Send an event to this client, if it has registered for it. `msg` stays the caller's. */
void vici_stream(struct vici_request *req, const char *event, const struct vici_msg *msg);
/* The client has gone, nobody will read the answer. */
bool vici_is_gone(const struct vici_request *req);
/* Call `expired` once, ms from now, unless the request is completed before. It must complete the
 * request. For initiate and terminate, whose argument "timeout" is in ms (0: never, no call). */
void vici_expire(struct vici_request *req, uint64_t ms,
		 void (*expired)(struct vici_request *req, void *arg), void *arg);

/* Complete: send the response as it is. */
void vici_done(struct vici_request *req);
/* Complete with "success = yes" added to the response. */
void vici_succeed(struct vici_request *req);
/* Complete with "success = no" and the reason as "errmsg". */
void vici_fail(struct vici_request *req, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A "control-log" event for this client, group "IKE", level 1: what initiate and terminate show
 * while they run. conn: name of the connection, or NULL. */
void vici_control_log(struct vici_request *req, const char *conn, uint32_t ike_id,
		      const char *text);

#endif
