/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocking VICI client: see client.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "vici/client.h"

struct vici_client {
	int fd;
	uint8_t *in; /* the last segment */
	size_t in_size;
};

/* A packet as it came in: name empty where its type has none. */
struct incoming {
	uint8_t type;
	char name[VICI_NAME_MAX + 1];
	struct reader body;
};

static int connect_to(int fd, const char *path, unsigned timeout_ms)
{
	struct timeval tv = { .tv_sec = timeout_ms / 1000,
			      .tv_usec = timeout_ms % 1000 * 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) ||
	    connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return 0;
}

int vici_open(const char *path, unsigned timeout_ms, struct vici_client **ret_client)
{
	struct vici_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = c->fd < 0 ? -errno : connect_to(c->fd, path, timeout_ms);
	if (r) {
		vici_close(c);
		return r;
	}
	*ret_client = c;
	return 0;
}

void vici_close(struct vici_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c);
}

static int send_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int packet_send(struct vici_client *c, enum vici_packet type, const char *name,
		       const struct vici_msg *msg)
{
	struct reader body = msg ? vici_msg_view(msg) : rd_from(NULL, 0);
	size_t size = 4 + 1 + 1 + strlen(name) + rd_left(&body);
	uint8_t *data = malloc(size);
	struct writer w = wr_into(data, size);
	int r;

	if (!data)
		return -ENOMEM;
	wr_u32(&w, (uint32_t)(size - 4));
	wr_u8(&w, (uint8_t)type);
	wr_u8(&w, (uint8_t)strlen(name));
	wr_bytes(&w, name, strlen(name));
	wr_copy(&w, body);
	r = wr_ok(&w) ? send_all(c->fd, data, size) : -EINVAL;
	free(data);
	return r;
}

static int recv_all(int fd, uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, data, len, 0);

		/* With SO_RCVTIMEO even a signal without a handler can end the call (signal(7)). */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -ECONNRESET;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int segment_receive(struct vici_client *c, struct reader *ret_segment)
{
	uint8_t head[4] = { 0 };
	struct reader r = rd_from(head, sizeof(head));
	int err = recv_all(c->fd, head, sizeof(head));
	size_t len;

	if (err)
		return err;
	len = rd_u32(&r);
	if (!len || len > VICI_SEGMENT_MAX)
		return -EBADMSG;
	if (len > c->in_size) {
		uint8_t *in = realloc(c->in, len);

		if (!in)
			return -ENOMEM;
		c->in = in;
		c->in_size = len;
	}
	err = recv_all(c->fd, c->in, len);
	if (!err)
		*ret_segment = rd_from(c->in, len);
	return err;
}

static int packet_receive(struct vici_client *c, struct incoming *ret_packet)
{
	struct incoming p = {};
	struct reader s;
	int r = segment_receive(c, &s);

	if (r)
		return r;
	p.type = rd_u8(&s);
	if (p.type == VICI_EVENT)
		rd_copy(&s, p.name, rd_u8(&s));
	p.body = rd_rest(&s);
	if (!rd_done(&s) || vici_check(p.body))
		return -EBADMSG;
	*ret_packet = p;
	return 0;
}

/* Where the events of a call go. */
struct sink {
	const char *event;
	void (*each)(struct reader message, void *arg);
	void *arg;
};

/* The answer to what was sent; events before it go to the sink. */
static int answer(struct vici_client *c, const struct sink *sink, enum vici_packet want,
		  struct reader *ret_body)
{
	struct incoming p;
	int r;

	while (!(r = packet_receive(c, &p)) && p.type == VICI_EVENT)
		if (sink->event && !strcmp(sink->event, p.name))
			sink->each(p.body, sink->arg);
	if (r)
		return r;
	if (p.type == VICI_CMD_UNKNOWN || p.type == VICI_EVENT_UNKNOWN)
		return -ENOSYS;
	if (p.type != want)
		return -EBADMSG;
	*ret_body = p.body;
	return 0;
}

int vici_call(struct vici_client *c, const char *command, const struct vici_msg *args,
	      const char *event, void (*each)(struct reader message, void *arg), void *arg,
	      struct reader *ret_response)
{
	struct sink sink = { event, each, arg };
	struct reader body;
	int r;

	if (strlen(command) > VICI_NAME_MAX || (args && !vici_msg_ok(args)))
		return -EINVAL;
	if (event) {
		r = packet_send(c, VICI_EVENT_REGISTER, event, NULL);
		if (!r)
			r = answer(c, &sink, VICI_EVENT_CONFIRM, &body);
		if (r)
			return r;
	}
	r = packet_send(c, VICI_CMD_REQUEST, command, args);
	return r ? r : answer(c, &sink, VICI_CMD_RESPONSE, ret_response);
}
