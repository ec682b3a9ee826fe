/* SPDX-License-Identifier: BSD-2-Clause */
#include "aaa.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "crypto/random.h"
#include "crypto/secret.h"
#include "ike/job.h"
#include "log.h"
#include "shell.h"

#define STATION_MAX (ADDR_TEXT_MAX + 8)

struct aaa_question {
	struct ike_job *job;
	unsigned slot;			   /* in aaa->questions */
	uint8_t order[RADIUS_SERVERS_MAX]; /* whom to ask, one after the other */
	unsigned n_order, at;
	struct radius_ticket ticket;
	uint8_t packet[RADIUS_PACKET_MAX];
	size_t len;
	unsigned n_sent;  /* to this server */
	uint64_t next_ms; /* again, or the next one */
	uint64_t gap_ms;
	char why[AAA_WHY_MAX]; /* what has gone wrong meanwhile, better than "does not answer" */
};

static const struct radius_server *server_of(const struct aaa *aaa, const struct aaa_question *q)
{
	return &aaa->settings.servers[q->order[q->at]];
}

static struct reader secret_of(const struct radius_server *server)
{
	return rd_from(server->secret, server->secret_len);
}

/* ---- The end of a question ------------------------------------------------------- */

static void question_end(struct aaa *aaa, struct aaa_question *q)
{
	struct ike_job *job = q->job;

	aaa->questions[q->slot] = NULL;
	secret_wipe(q, sizeof(*q));
	free(q);
	ike_job_done(aaa->sh->ike, job, shell_now_ms());
	if (!aaa->sh->is_stopping)
		shell_carry_out(aaa->sh);
}

static void question_fail(struct aaa *aaa, struct aaa_question *q, const char *why)
{
	q->job->aaa->result = AAA_FAILED;
	snprintf(q->job->aaa->why, sizeof(q->job->aaa->why), "%s", why);
	question_end(aaa, q);
}

/* ---- Sending --------------------------------------------------------------------- */

union any_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Sockets of IPv6 take IPv4 as ip_addr has it: mapped. */
static union any_addr to_sockaddr(const struct aaa *aaa, const struct endpoint *e)
{
	union any_addr to = {};

	if (aaa->is_v4_only) {
		to.v4 = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_port = htons(e->port),
					      .sin_addr.s_addr = htonl(addr_to_v4(&e->addr)) };
		return to;
	}
	to.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(e->port) };
	memcpy(&to.v6.sin6_addr, &e->addr, sizeof(to.v6.sin6_addr));
	return to;
}

static struct endpoint from_sockaddr(const struct sockaddr *from)
{
	const union any_addr *a = (const union any_addr *)from;
	struct endpoint e = { .port = ntohs(a->v6.sin6_port) }; /* at the same place in both */

	if (from->sa_family == AF_INET)
		e.addr = addr_from_v4(ntohl(a->v4.sin_addr.s_addr));
	else
		memcpy(&e.addr, &a->v6.sin6_addr, sizeof(e.addr));
	return e;
}

static void question_send(struct aaa *aaa, struct aaa_question *q)
{
	const struct radius_server *server = server_of(aaa, q);
	union any_addr to = to_sockaddr(aaa, &server->at);
	uv_buf_t buf = uv_buf_init((char *)q->packet, (unsigned)q->len);
	int r = uv_udp_try_send(&aaa->sockets[q->slot / 256].udp, &buf, 1, &to.any);

	if (r < 0 && r != UV_EAGAIN)
		snprintf(q->why, sizeof(q->why), "cannot send to RADIUS server %s: %s",
			 server->name, uv_strerror(r));
	if (q->n_sent++)
		q->gap_ms = q->gap_ms * aaa->settings.retransmit_base_thousandths / 1000;
	else
		q->gap_ms = aaa->settings.retransmit_timeout_ms;
	q->next_ms = shell_now_ms() + q->gap_ms;
}

/* The request for one server: another secret, another authenticator. */
static int question_write(struct aaa *aaa, struct aaa_question *q)
{
	const struct radius_server *server = server_of(aaa, q);
	const struct aaa_job *job = q->job->aaa;
	char text[ADDR_TEXT_MAX], called[STATION_MAX], calling[STATION_MAX];
	struct radius_request request = {
		.user = rd_from(job->user, strlen(job->user)),
		.eap = rd_from(job->packet, job->packet_len),
		.state = rd_from(job->session.state, job->session.state_len),
		.nas_identifier = *server->nas_identifier ? server->nas_identifier
							  : aaa->settings.nas_identifier,
		.nas_addr = job->local.addr,
		.called = called,
		.calling = calling,
		.nas_port = job->ike_id,
		.nas_port_id = job->conn,
	};

	snprintf(called, sizeof(called), "%s[%u]", addr_print(&job->local.addr, text, sizeof(text)),
		 job->local.port);
	snprintf(calling, sizeof(calling), "%s[%u]",
		 addr_print(&job->remote.addr, text, sizeof(text)), job->remote.port);
	q->ticket.id = (uint8_t)q->slot;
	q->n_sent = 0;
	int err = random_bytes(q->ticket.authenticator, sizeof(q->ticket.authenticator));
	if (!err)
		err = radius_request_emit(&request, &q->ticket, secret_of(server), q->packet,
					  sizeof(q->packet), &q->len);
	return err;
}

/* ---- Time ------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

static void timer_set(struct aaa *aaa)
{
	uint64_t now = shell_now_ms(), next = UINT64_MAX;

	for (unsigned i = 0; i < AAA_QUESTIONS_MAX; i++)
		if (aaa->questions[i] && aaa->questions[i]->next_ms < next)
			next = aaa->questions[i]->next_ms;
	if (aaa->sh->is_stopping)
		return;
	uv_update_time(&aaa->sh->loop);
	if (next == UINT64_MAX)
		uv_timer_stop(&aaa->timer);
	else
		uv_timer_start(&aaa->timer, on_timer, next > now ? next - now : 0, 0);
}

static void server_silent(struct aaa *aaa, const struct aaa_question *q)
{
	uint64_t *until = &aaa->silent_until_ms[q->order[q->at]];

	if (!*until)
		log_error("RADIUS server %s does not answer", server_of(aaa, q)->name);
	*until = shell_now_ms() + AAA_SILENT_MS;
}

static void question_expire(struct aaa *aaa, struct aaa_question *q)
{
	bool is_last = q->at + 1 == q->n_order;
	char why[AAA_WHY_MAX];

	if (q->n_sent < (is_last ? aaa->settings.retransmit_tries + 1 : AAA_SENDS_BEFORE_NEXT)) {
		question_send(aaa, q);
		return;
	}
	server_silent(aaa, q);
	if (is_last) {
		snprintf(why, sizeof(why), "RADIUS server %s does not answer",
			 server_of(aaa, q)->name);
		question_fail(aaa, q, *q->why ? q->why : why);
		return;
	}
	q->at++;
	if (question_write(aaa, q))
		question_fail(aaa, q, "the RADIUS request cannot be made");
	else
		question_send(aaa, q);
}

static void on_timer(uv_timer_t *timer)
{
	struct aaa *aaa = timer->data;
	uint64_t now = shell_now_ms();

	for (unsigned i = 0; i < AAA_QUESTIONS_MAX; i++)
		if (aaa->questions[i] && aaa->questions[i]->next_ms <= now)
			question_expire(aaa, aaa->questions[i]);
	timer_set(aaa);
}

/* ---- Answers --------------------------------------------------------------------- */

static void take_answer(struct aaa_job *job, const struct radius_server *server,
			const struct radius_answer *answer)
{
	job->result = answer->code == RADIUS_ACCESS_ACCEPT   ? AAA_ACCEPTED
		      : answer->code == RADIUS_ACCESS_REJECT ? AAA_REJECTED
							     : AAA_GO_ON;
	snprintf(job->session.server, sizeof(job->session.server), "%s", server->name);
	job->session.state_len = answer->state_len;
	memcpy(job->session.state, answer->state, answer->state_len);
	job->packet_len = answer->eap_len;
	memcpy(job->packet, answer->eap, answer->eap_len);
	job->session_s = answer->session_s;
	job->has_msk = answer->has_msk;
	memcpy(job->msk, answer->msk, sizeof(job->msk));
	if (answer->user_len && !memchr(answer->user, 0, answer->user_len))
		snprintf(job->user, sizeof(job->user), "%.*s", (int)answer->user_len,
			 (const char *)answer->user);
	if (answer->framed_ip &&
	    answer->framed_ip < 0xfffffffe) /* RFC 2865 5.8: any that you like */
		job->framed = addr_from_v4(answer->framed_ip);
	snprintf(job->why, sizeof(job->why), "RADIUS server %.64s rejects it%s%.140s", server->name,
		 *answer->message ? ": " : "", answer->message);
}

/* RFC 2865 3: what does not fit is as if it had not come. A line for the first of a question. */
static void answer_odd(struct aaa_question *q, const struct radius_server *server, const char *why)
{
	char text[AAA_WHY_MAX];

	snprintf(text, sizeof(text), "answer of RADIUS server %s: %s", server->name, why);
	if (strcmp(text, q->why))
		log_error("%s", text);
	snprintf(q->why, sizeof(q->why), "%s", text);
}

static void answer_take(struct aaa *aaa, struct aaa_question *q, struct reader packet)
{
	const struct radius_server *server = server_of(aaa, q);
	struct radius_answer answer;
	const char *why;
	int err = radius_answer_parse(packet, &q->ticket, secret_of(server), &answer, &why);

	if (!err && answer.eap_len > sizeof(q->job->aaa->packet)) {
		why = "its EAP packet is too long";
		err = -EMSGSIZE;
	}
	if (err) {
		answer_odd(q, server, why);
	} else {
		if (aaa->silent_until_ms[q->order[q->at]])
			log_info("RADIUS server %s answers again", server->name);
		aaa->silent_until_ms[q->order[q->at]] = 0;
		take_answer(q->job->aaa, server, &answer);
		question_end(aaa, q);
	}
	secret_wipe(&answer, sizeof(answer));
}

static void on_answer(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
		      unsigned flags)
{
	struct aaa_socket *s = udp->data;
	struct aaa *aaa = s->aaa;
	struct reader packet = rd_from(buf->base, n > 0 ? (size_t)n : 0);
	int id = radius_answer_id(packet);

	if (id < 0 || !from || flags & UV_UDP_PARTIAL)
		return;
	struct aaa_question *q = aaa->questions[(s - aaa->sockets) * 256 + id];
	if (!q)
		return; /* late: the question is over */
	const struct endpoint *want = &server_of(aaa, q)->at;
	struct endpoint got = from_sockaddr(from);
	if (!addr_equal(&got.addr, &want->addr) || got.port != want->port)
		return;
	answer_take(aaa, q, packet);
	timer_set(aaa);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buf)
{
	struct aaa_socket *s = handle->data;

	(void)wanted;
	*ret_buf = uv_buf_init((char *)s->aaa->buf, sizeof(s->aaa->buf));
}

/* ---- Asking ---------------------------------------------------------------------- */

static struct aaa_question *question_new(struct aaa *aaa, struct ike_job *job)
{
	struct aaa_question *q = NULL;
	unsigned slot = aaa->last;

	for (unsigned i = 0; i < AAA_QUESTIONS_MAX; i++) {
		slot = (slot + 1) % AAA_QUESTIONS_MAX;
		if (aaa->questions[slot])
			continue;
		q = calloc(1, sizeof(*q));
		break;
	}
	if (!q)
		return NULL;
	aaa->questions[slot] = q;
	aaa->last = slot;
	q->job = job;
	q->slot = slot;
	return q;
}

static void order_add(struct aaa_question *q, size_t server)
{
	q->order[q->n_order++] = (uint8_t)server;
}

/* Those that answer, then the silent ones; or the one that has answered before. */
static void order_servers(const struct aaa *aaa, struct aaa_question *q)
{
	const struct radius_settings *s = &aaa->settings;
	const char *name = q->job->aaa->session.server;
	uint64_t now = shell_now_ms();

	for (size_t i = 0; i < s->n_servers; i++)
		if (*name ? !strcmp(name, s->servers[i].name) : aaa->silent_until_ms[i] <= now)
			order_add(q, i);
	for (size_t i = 0; i < s->n_servers && !*name; i++)
		if (aaa->silent_until_ms[i] > now)
			order_add(q, i);
}

void aaa_ask(struct aaa *aaa, struct ike_job *job)
{
	struct aaa_question *q = question_new(aaa, job);

	if (!q) {
		snprintf(job->aaa->why, sizeof(job->aaa->why),
			 "too many questions to RADIUS servers are open");
		job->aaa->result = AAA_FAILED;
		ike_job_done(aaa->sh->ike, job, shell_now_ms());
		return;
	}
	order_servers(aaa, q);
	if (!q->n_order || !aaa->is_open) {
		question_fail(aaa, q, "no RADIUS server is configured that could be asked");
	} else if (question_write(aaa, q)) {
		question_fail(aaa, q, "the RADIUS request cannot be made");
	} else {
		question_send(aaa, q);
		timer_set(aaa);
	}
}

/* ---- Settings -------------------------------------------------------------------- */

static int socket_open(struct aaa *aaa, struct aaa_socket *s)
{
	struct endpoint nobody = { .port = 0 };
	union any_addr any = to_sockaddr(aaa, &nobody);
	int err = uv_udp_init(&aaa->sh->loop, &s->udp);

	s->aaa = aaa;
	s->udp.data = s;
	if (!err)
		err = uv_udp_bind(&s->udp, &any.any, 0);
	if (!err)
		err = uv_udp_recv_start(&s->udp, on_room, on_answer);
	return err;
}

static void sockets_open(struct aaa *aaa)
{
	int err = 0, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	aaa->is_v4_only = fd < 0;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < AAA_SOCKETS && !err; i++)
		err = socket_open(aaa, &aaa->sockets[i]);
	aaa->is_open = !err;
	if (err)
		log_error("cannot open sockets for RADIUS: %s", strerror(-err));
}

void aaa_init(struct aaa *aaa, struct shell *sh)
{
	aaa->sh = sh;
	uv_timer_init(&sh->loop, &aaa->timer);
	aaa->timer.data = aaa;
}

void aaa_configure(struct aaa *aaa, const struct radius_settings *settings)
{
	if (!memcmp(&aaa->settings, settings, sizeof(*settings)))
		return;
	for (unsigned i = 0; i < AAA_QUESTIONS_MAX; i++)
		if (aaa->questions[i])
			question_fail(aaa, aaa->questions[i],
				      "the RADIUS servers are configured anew");
	aaa->settings = *settings;
	memset(aaa->silent_until_ms, 0, sizeof(aaa->silent_until_ms));
	if (settings->n_servers && !aaa->is_open)
		sockets_open(aaa);
}

void aaa_fini(struct aaa *aaa)
{
	for (unsigned i = 0; i < AAA_QUESTIONS_MAX; i++)
		if (aaa->questions[i]) {
			job_free(aaa->questions[i]->job);
			secret_wipe(aaa->questions[i], sizeof(*aaa->questions[i]));
			free(aaa->questions[i]);
			aaa->questions[i] = NULL;
		}
	secret_wipe(&aaa->settings, sizeof(aaa->settings));
}
