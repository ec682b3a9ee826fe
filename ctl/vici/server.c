/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets and segments of the VICI server: a length in four bytes, then that many. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "vici/server_in.h"

#define SEGMENT_HEAD 4u
#define BUFFER_MIN 4096u /* enough for every request of swanctl and sekisho */

/* ---- The end of a client and of the server ---------------------------------------- */

static void server_try_free(struct vici_server *s)
{
	if (s->is_listener_closed && !s->clients)
		free(s);
}

static void client_free(struct client *c)
{
	struct vici_server *s = c->server;
	struct client **at = &s->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	s->n_clients--;
	free(c->in);
	free(c);
	server_try_free(s);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	if (--c->open_handles == 0)
		client_free(c);
}

void client_cut(struct client *c)
{
	if (c->is_closing)
		return;
	c->is_closing = true;
	if (c->req) {
		request_orphan(c->req);
		c->req = NULL;
	}
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
	uv_close((uv_handle_t *)&c->stall, on_client_closed);
	uv_close((uv_handle_t *)&c->later, on_client_closed);
}

/* ---- Sending ---------------------------------------------------------------------- */

struct packet {
	uv_write_t write;
	struct client *client;
	uint8_t data[];
};

static void on_stall(uv_timer_t *timer)
{
	client_cut(timer->data);
}

/* Something is waiting: it has to move within VICI_STALL_MS, from the last progress on. */
static void watch_stall(struct client *c)
{
	if (c->is_closing)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe))
		uv_timer_start(&c->stall, on_stall, VICI_STALL_MS, 0);
	else
		uv_timer_stop(&c->stall);
}

static void on_written(uv_write_t *write, int status)
{
	struct packet *p = write->data;
	struct client *c = p->client;

	free(p);
	if (status < 0)
		client_cut(c);
	else
		watch_stall(c);
}

static size_t packet_write(uint8_t *data, size_t size, enum vici_packet type, const char *name,
			   struct reader body)
{
	struct writer w = wr_into(data, size);

	wr_u32(&w, (uint32_t)(size - SEGMENT_HEAD));
	wr_u8(&w, (uint8_t)type);
	if (name) {
		wr_u8(&w, (uint8_t)strlen(name));
		wr_bytes(&w, name, strlen(name));
	}
	wr_copy(&w, body);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

void client_send(struct client *c, enum vici_packet type, const char *name,
		 const struct vici_msg *msg)
{
	struct reader body = msg ? vici_msg_view(msg) : rd_from(NULL, 0);
	size_t len = SEGMENT_HEAD + 1 + (name ? 1 + strlen(name) : 0) + rd_left(&body);
	uv_stream_t *stream = (uv_stream_t *)&c->pipe;
	struct packet *p;
	uv_buf_t buf;

	if (c->is_closing)
		return;
	if (len + uv_stream_get_write_queue_size(stream) > VICI_QUEUE_MAX) {
		client_cut(c);
		return;
	}
	p = malloc(sizeof(*p) + len);
	if (!p || !packet_write(p->data, len, type, name, body)) {
		free(p);
		client_cut(c);
		return;
	}
	p->client = c;
	p->write.data = p;
	buf = uv_buf_init((char *)p->data, (unsigned)len);
	if (uv_write(&p->write, stream, &buf, 1, on_written)) {
		free(p);
		client_cut(c);
		return;
	}
	if (!uv_is_active((uv_handle_t *)&c->stall))
		watch_stall(c);
}

/* ---- Receiving -------------------------------------------------------------------- */

/* Bytes of the segment at the front of the buffer, its head included; 0: not known yet. */
static size_t segment_size(const struct client *c)
{
	struct reader r = rd_from(c->in, c->in_len);
	uint32_t len = rd_u32(&r);

	return rd_ok(&r) ? SEGMENT_HEAD + (size_t)len : 0;
}

/* Room for the segment under way, at least. */
static int buffer_grow(struct client *c)
{
	size_t need = segment_size(c);
	uint8_t *in;

	if (need < BUFFER_MIN)
		need = BUFFER_MIN;
	if (need > SEGMENT_HEAD + VICI_SEGMENT_MAX)
		return -EBADMSG;
	if (need <= c->in_size)
		return 0;
	in = realloc(c->in, need);
	if (!in)
		return -ENOMEM;
	c->in = in;
	c->in_size = need;
	return 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *c = handle->data;

	(void)suggested;
	buf->base = (char *)c->in + c->in_len;
	buf->len = c->in_size - c->in_len;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;

	(void)buf;
	if (n < 0) {
		client_cut(c);
		return;
	}
	c->in_len += (size_t)n;
	client_feed(c);
}

/* The front segment, if it is complete. */
static bool segment_ready(const struct client *c, struct reader *ret_body)
{
	size_t size = segment_size(c);

	if (!size || c->in_len < size)
		return false;
	*ret_body = rd_from(c->in + SEGMENT_HEAD, size - SEGMENT_HEAD);
	return true;
}

static void segment_drop(struct client *c)
{
	size_t size = segment_size(c);

	memmove(c->in, c->in + size, c->in_len - size);
	c->in_len -= size;
}

/* Read on while there is room; a client that pipelines behind a long command waits. */
static void read_or_wait(struct client *c)
{
	if (buffer_grow(c)) {
		client_cut(c);
		return;
	}
	if (c->in_len == c->in_size)
		uv_read_stop((uv_stream_t *)&c->pipe);
	else
		uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

void client_feed(struct client *c)
{
	struct reader body;

	if (c->is_feeding || c->is_closing)
		return;
	c->is_feeding = true;
	while (!c->is_closing && !c->req && segment_ready(c, &body)) {
		if (packet_take(c, body))
			client_cut(c);
		segment_drop(c);
	}
	c->is_feeding = false;
	if (!c->is_closing)
		read_or_wait(c);
}

static void on_later(uv_timer_t *timer)
{
	client_feed(timer->data);
}

void client_feed_later(struct client *c)
{
	if (!c->is_closing && !c->is_feeding)
		uv_timer_start(&c->later, on_later, 0, 0);
}

/* ---- Start and stop --------------------------------------------------------------- */

static struct client *client_new(struct vici_server *s)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = s;
	c->next = s->clients;
	s->clients = c;
	s->n_clients++;
	c->open_handles = 3;
	(void)uv_pipe_init(s->loop, &c->pipe, 0); /* none of them can fail */
	(void)uv_timer_init(s->loop, &c->stall);
	(void)uv_timer_init(s->loop, &c->later);
	c->pipe.data = c;
	c->stall.data = c;
	c->later.data = c;
	return c;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct vici_server *s = listener->data;
	struct client *c;

	if (status < 0)
		return;
	c = client_new(s);
	if (!c)
		return;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) || s->n_clients > VICI_CLIENTS_MAX)
		client_cut(c);
	else
		read_or_wait(c);
}

/* A socket file that nobody answers is in the way of nobody. */
static int clear_path(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	close(fd);
	if (r != -ECONNREFUSED)
		return r && r != -EAGAIN ? r : -EADDRINUSE; /* EAGAIN: its backlog is full */
	return unlink(path) ? -errno : 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct vici_server *s = handle->data;

	s->is_listener_closed = true;
	server_try_free(s);
}

int vici_server_start(uv_loop_t *loop, const char *path, const struct vici_api *api,
		      struct vici_server **ret_server)
{
	struct vici_server *s;
	mode_t mask;
	int r = clear_path(path);

	if (r)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->api = api;
	(void)uv_pipe_init(loop, &s->listener, 0);
	s->listener.data = s;
	/* A client that leaves early must not end the daemon: libuv writes without MSG_NOSIGNAL. */
	(void)signal(SIGPIPE, SIG_IGN);
	mask = umask(0177);
	r = uv_pipe_bind(&s->listener, path);
	umask(mask);
	if (!r)
		r = uv_listen((uv_stream_t *)&s->listener, 16, on_connection);
	if (r) {
		uv_close((uv_handle_t *)&s->listener, on_listener_closed);
		return r; /* libuv's errors are -errno on Unix */
	}
	*ret_server = s;
	return 0;
}

void vici_server_stop(struct vici_server *s)
{
	if (!s || s->is_stopped)
		return;
	s->is_stopped = true;
	for (struct client *c = s->clients; c; c = c->next)
		client_cut(c);
	uv_close((uv_handle_t *)&s->listener, on_listener_closed); /* removes the file too */
}
