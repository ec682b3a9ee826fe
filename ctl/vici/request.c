/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets and commands of the VICI server: who is asked, and what goes back. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vici/server_in.h"

struct vici_request {
	struct client *client; /* NULL: gone */
	uv_loop_t *loop;
	const struct vici_command *command;
	struct vici_msg response;
	uint8_t *args;
	size_t args_len;
	uv_timer_t timer;
	bool has_timer;
	void (*expired)(struct vici_request *req, void *arg);
	void *expired_arg;
};

int event_index(const struct vici_server *server, const char *name)
{
	for (unsigned i = 0; i < EVENTS_MAX && server->api->events[i]; i++)
		if (!strcmp(server->api->events[i], name))
			return (int)i;
	return -1;
}

/* ---- Packets ---------------------------------------------------------------------- */

static bool name_take(struct reader *r, char name[VICI_NAME_MAX + 1])
{
	size_t len = rd_u8(r);

	rd_copy(r, name, len);
	name[len] = '\0';
	return rd_ok(r) && len && strlen(name) == len;
}

static const struct vici_command *command_find(const struct vici_server *s, const char *name)
{
	const struct vici_command *c = s->api->commands;

	while (c->name && strcmp(c->name, name))
		c++;
	return c->name ? c : NULL;
}

static struct vici_request *request_new(struct client *c, const struct vici_command *command,
					struct reader args)
{
	struct vici_request *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	req->args_len = rd_left(&args);
	req->args = malloc(req->args_len + 1);
	if (!req->args) {
		free(req);
		return NULL;
	}
	rd_copy(&args, req->args, req->args_len);
	req->client = c;
	req->loop = c->server->loop;
	req->command = command;
	return req;
}

static int command_take(struct client *c, const char *name, struct reader args)
{
	const struct vici_command *command = command_find(c->server, name);

	if (vici_check(args))
		return -EBADMSG;
	if (!command) {
		client_send(c, VICI_CMD_UNKNOWN, NULL, NULL);
		return 0;
	}
	c->req = request_new(c, command, args);
	if (!c->req)
		return -ENOMEM;
	command->run(c->req, c->server->api->arg);
	return 0;
}

static int register_take(struct client *c, const char *name, bool is_on, struct reader rest)
{
	int i = event_index(c->server, name);

	if (!rd_done(&rest))
		return -EBADMSG;
	if (i < 0) {
		client_send(c, VICI_EVENT_UNKNOWN, NULL, NULL);
		return 0;
	}
	if (is_on)
		c->events |= 1ull << i;
	else
		c->events &= ~(1ull << i);
	client_send(c, VICI_EVENT_CONFIRM, NULL, NULL);
	return 0;
}

int packet_take(struct client *c, struct reader segment)
{
	char name[VICI_NAME_MAX + 1];
	uint8_t type = rd_u8(&segment);

	if (!name_take(&segment, name))
		return -EBADMSG;
	switch (type) {
	case VICI_CMD_REQUEST:
		return command_take(c, name, segment);
	case VICI_EVENT_REGISTER:
	case VICI_EVENT_UNREGISTER:
		return register_take(c, name, type == VICI_EVENT_REGISTER, segment);
	default: /* the others go from server to client */
		return -EBADMSG;
	}
}

/* ---- Events ----------------------------------------------------------------------- */

static bool client_wants(const struct client *c, int event)
{
	return !c->is_closing && event >= 0 && (c->events >> event & 1);
}

void vici_broadcast(struct vici_server *server, const char *event, const struct vici_msg *msg)
{
	int i = event_index(server, event);

	if (!vici_msg_ok(msg))
		return;
	for (struct client *c = server->clients; c; c = c->next)
		if (client_wants(c, i))
			client_send(c, VICI_EVENT, event, msg);
}

bool vici_wants(const struct vici_server *server, const char *event)
{
	int i = event_index(server, event);

	for (const struct client *c = server->clients; c; c = c->next)
		if (client_wants(c, i))
			return true;
	return false;
}

void vici_stream(struct vici_request *req, const char *event, const struct vici_msg *msg)
{
	struct client *c = req->client;

	/* A message that could not be built whole would mislead: no client is better. */
	if (c && !vici_msg_ok(msg))
		client_cut(c);
	else if (c && client_wants(c, event_index(c->server, event)))
		client_send(c, VICI_EVENT, event, msg);
}

void vici_control_log(struct vici_request *req, const char *conn, uint32_t ike_id,
		      const char *text)
{
	struct vici_msg m = {};

	vici_kv(&m, "group", "IKE");
	vici_num(&m, "level", 1);
	if (conn) {
		vici_kv(&m, "ikesa-name", conn);
		vici_num(&m, "ikesa-uniqueid", ike_id);
	}
	vici_kv(&m, "msg", text);
	vici_stream(req, "control-log", &m);
	vici_msg_fini(&m);
}

/* ---- A request and its end -------------------------------------------------------- */

const char *vici_command_name(const struct vici_request *req)
{
	return req->command->name;
}

struct reader vici_args(const struct vici_request *req)
{
	return rd_from(req->args, req->args_len);
}

struct vici_msg *vici_response(struct vici_request *req)
{
	return &req->response;
}

bool vici_is_gone(const struct vici_request *req)
{
	return !req->client;
}

void request_orphan(struct vici_request *req)
{
	req->client = NULL;
}

static void request_free(struct vici_request *req)
{
	vici_msg_fini(&req->response);
	free(req->args);
	free(req);
}

static void on_timer_closed(uv_handle_t *handle)
{
	request_free(handle->data);
}

static void on_expired(uv_timer_t *timer)
{
	struct vici_request *req = timer->data;

	req->expired(req, req->expired_arg);
}

void vici_expire(struct vici_request *req, uint64_t ms,
		 void (*expired)(struct vici_request *req, void *arg), void *arg)
{
	if (!ms)
		return;
	if (!req->has_timer) {
		(void)uv_timer_init(req->loop, &req->timer);
		req->timer.data = req;
		req->has_timer = true;
	}
	req->expired = expired;
	req->expired_arg = arg;
	uv_timer_start(&req->timer, on_expired, ms, 0);
}

void vici_done(struct vici_request *req)
{
	struct client *c = req->client;

	if (c && !vici_msg_ok(&req->response))
		client_cut(c);
	if (req->client) { /* client_cut() above makes it NULL */
		c->req = NULL;
		client_send(c, VICI_CMD_RESPONSE, NULL, &req->response);
	}
	if (req->has_timer)
		uv_close((uv_handle_t *)&req->timer, on_timer_closed);
	else
		request_free(req);
	if (c)
		client_feed_later(c);
}

void vici_succeed(struct vici_request *req)
{
	vici_bool(&req->response, "success", true);
	vici_done(req);
}

void vici_fail(struct vici_request *req, const char *format, ...)
{
	char why[512];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	vici_bool(&req->response, "success", false);
	vici_kv(&req->response, "errmsg", why);
	vici_done(req);
}
