/* SPDX-License-Identifier: BSD-2-Clause */
/* Between server.c (sockets, segments) and request.c (packets, commands); nobody else. */
#ifndef VICI_SERVER_IN_H
#define VICI_SERVER_IN_H

#include "vici/server.h"

#define EVENTS_MAX 64u /* names of the API: one bit each */

/*
 * One connection. It is closed by client_cut() at any moment, also under a handler; the memory
 * lives until libuv has closed all handles, so `is_closing` can be asked after every call out.
 */
struct client {
	struct vici_server *server;
	struct client *next;
	uv_pipe_t pipe;
	uv_timer_t stall;
	uv_timer_t later; /* client_feed_later() */
	unsigned open_handles;
	bool is_closing;
	bool is_feeding;          /* inside client_feed() */
	uint64_t events;          /* bit i: registered for api->events[i] */
	struct vici_request *req; /* the one command under way */
	uint8_t *in;              /* received, not yet understood */
	size_t in_len, in_size;
};

struct vici_server {
	uv_loop_t *loop;
	uv_pipe_t listener;
	const struct vici_api *api;
	struct client *clients;
	unsigned n_clients;
	bool is_stopped, is_listener_closed;
};

void client_cut(struct client *c);
/* Queue one packet. name and msg may be NULL. Cuts a client that has too much waiting. */
void client_send(struct client *c, enum vici_packet type, const char *name,
		 const struct vici_msg *msg);
/* Take the segments that have arrived, while no command is under way. */
void client_feed(struct client *c);
/* The same from the loop: who completes a request does not expect other commands to run under
 * its hands. */
void client_feed_later(struct client *c);
/* One segment: a whole packet. -EBADMSG: cut the client. */
int packet_take(struct client *c, struct reader segment) MUST_USE;
/* The client is closing: its request lives on without it. */
void request_orphan(struct vici_request *req);
/* Index of an event of the API, or -1. */
int event_index(const struct vici_server *server, const char *name);

#endif
