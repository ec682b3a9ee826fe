/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/redirect.h"

#include <errno.h>
#include <string.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/reauth.h"

static struct redirect *of(struct ike_sa *sa)
{
	if (!sa->redirect)
		sa->redirect = alloc_zero(sizeof(*sa->redirect));
	return sa->redirect;
}

static void emit(struct payload_writer *pw, uint16_t type, const struct gateway *g)
{
	uint8_t data[GATEWAY_LEN_MAX];
	struct writer w = wr_into(data, sizeof(data));

	gateway_write(&w, g);
	notify_emit_plain(pw, type, rd_from(data, wr_len(&w)));
}

/* ---- Client: following ------------------------------------------------------------ */

void redirect_offer(struct turn *t)
{
	const struct redirect *r = t->sa->redirect;

	if (!t->sa->conn->is_redirect_followed)
		return;
	if (r && gateway_is_set(&r->from))
		emit(t->out, N_REDIRECTED_FROM, &r->from);
	else
		notify_emit_plain(t->out, N_REDIRECT_SUPPORTED, rd_from(NULL, 0));
}

/* Section 5. False: this one would be too many. */
static bool count_one(struct redirect *r, uint64_t now_ms)
{
	uint64_t *oldest_ms = &r->at_ms[r->n % REDIRECTS_MAX];

	if (r->n >= REDIRECTS_MAX && now_ms - *oldest_ms < REDIRECTS_MS)
		return false;
	*oldest_ms = now_ms;
	r->n++;
	return true;
}

/* The IKE SA with the other gateway, its IKE_SA_INIT still to be sent. NULL: the reason is in
 * old->why. */
static struct ike_sa *follow(struct ike_sa *old, const struct gateway *to)
{
	char text[GATEWAY_NAME_MAX];

	if (!count_one(of(old), old->ike->now_ms)) {
		sa_why(old, "redirected to %s, and %d times before that in %d s: a loop",
		       gateway_text(to, text), REDIRECTS_MAX, REDIRECTS_MS / 1000);
		return NULL;
	}
	struct ike_sa *fresh = sa_initiator_new(old->ike, old->conn);
	int err = !fresh ? -ENOBUFS : to->name[0] ? 0 : sa_send_to(fresh, &to->addr);
	if (err) {
		sa_why(old, "redirected to %s: cannot initiate: %s", gateway_text(to, text),
		       strerror(-err));
		sa_free(fresh);
		return NULL;
	}
	*of(fresh) = *old->redirect; /* if it fails the old one goes on, and on counting */
	fresh->redirect->from = gateway_from_addr(&old->remote.addr);
	if (to->name[0])
		fx_resolve(&old->ike->fx, fresh->unique_id, to->name);
	sa_log(old, "gateway redirects us to %s: IKE_SA [%u]", gateway_text(to, text),
	       fresh->unique_id);
	return fresh;
}

/* What was to be made is made there; cc: the child of the task under way. */
static void hand_over(struct ike_sa *fresh, struct ike_sa *old, const struct conn_child *cc)
{
	if (cc)
		task_add(fresh, TASK_IKE_AUTH, cc, 0);
	for (const struct task *t = old->tasks; t; t = t->next)
		if (t->kind == TASK_IKE_AUTH || t->kind == TASK_CHILD_NEW)
			task_add(fresh, t->kind, t->conn_child, 0);
	tasks_free(old);
	fresh->reauth_of = old->reauth_of;
	old->reauth_of = 0;
	fresh->is_first_contact = old->is_first_contact;
}

static bool is_followed(const struct ike_sa *sa)
{
	return sa->conn && sa->conn->is_redirect_followed;
}

static enum step_result stay_away(struct turn *t, uint16_t notify)
{
	char why[sizeof(t->sa->why)];

	memcpy(why, t->sa->why, sizeof(why));
	return turn_refuse(t, STEP_FAIL, notify, "%s", why);
}

/* Section 3: nobody has proved anything yet; the nonce shows that it is an answer to us. */
enum step_result redirect_init(struct turn *t)
{
	struct reader data = message_notify(t->in, N_REDIRECT)->data;
	const uint8_t *nonce = t->ours->nego.nonce;
	struct gateway to;

	if (!is_followed(t->sa) || gateway_read(&data, &to) || rd_left(&data) != NONCE_LEN ||
	    !memeq_ct(data.at, nonce, NONCE_LEN))
		return STEP_DROP;
	struct ike_sa *fresh = follow(t->sa, &to);
	if (!fresh)
		return stay_away(t, 0);
	hand_over(fresh, t->sa, NULL);
	return STEP_NEXT;
}

/* Section 6 */
enum step_result redirect_auth(struct turn *t)
{
	struct reader data = message_notify(t->in, N_REDIRECT)->data;
	struct gateway to;

	if (!is_followed(t->sa))
		return turn_refuse(t, STEP_FAIL, N_AUTHENTICATION_FAILED,
				   "gateway redirects us, which is not followed "
				   "(follow_redirects = no)");
	if (gateway_read(&data, &to))
		return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
				   "gateway's REDIRECT is malformed");
	struct ike_sa *fresh = follow(t->sa, &to);
	if (!fresh)
		return stay_away(t, N_AUTHENTICATION_FAILED);
	hand_over(fresh, t->sa, t->task->conn_child);
	t->sa->is_condemned = true;
	task_push(t->sa, TASK_IKE_DELETE, NULL, 0);
	return STEP_NEXT;
}

/* Section 4: the old IKE SA serves until the new one has taken over. */
void redirect_asked(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_REDIRECT);
	struct ike_sa *sa = t->sa;
	struct gateway to;

	if (!n)
		return;
	struct reader data = n->data;
	if (!sa_is_up(sa) || sa->is_condemned || !sa->birth.is_ours || !is_followed(sa) ||
	    reauth_is_under_way(sa)) {
		sa_log(sa, "gateway redirects us: not followed %s",
		       is_followed(sa) ? "now" : "(follow_redirects = no)");
		return;
	}
	if (gateway_read(&data, &to)) {
		sa_error(sa, "gateway's REDIRECT is malformed");
		return;
	}
	if (!reauth_has_children(sa)) {
		sa_log(sa, "gateway redirects us: IKE_SA without children is deleted");
		exchange_delete(sa);
		return;
	}
	struct ike_sa *fresh = follow(sa, &to);
	if (fresh)
		reauth_take_over(fresh, sa);
	else
		sa_error(sa, "%s", sa->why);
}

void redirect_resolved(struct ike_sa *sa, const struct ip_addr *addrs, size_t n)
{
	int err = -ENOENT;

	if (sa->state != ST_NONE || !sa->conn || !sa->redirect)
		return;
	for (size_t i = 0; i < n && err; i++)
		err = sa_send_to(sa, &addrs[i]);
	if (!err)
		return;
	sa_error(sa, "%s",
		 sa_why(sa, "gateway we are redirected to: %s",
			n ? strerror(-err) : "no address for its name"));
	exchange_close(sa, END_REFUSED);
}

const struct ip_addr *redirect_gateway(const struct ike_sa *sa)
{
	return sa->redirect && sa->redirect->n ? &sa->remote.addr : NULL;
}

void redirect_inherit(struct ike_sa *fresh, const struct ike_sa *old)
{
	fresh->can_redirect = old->can_redirect;
	if (!old->redirect)
		return;
	*of(fresh) = *old->redirect;
	fresh->redirect->from = (struct gateway){ 0 };
}

/* ---- Gateway: sending away -------------------------------------------------------- */

void redirect_note(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_REDIRECTED_FROM);
	struct reader data = n ? n->data : rd_from(NULL, 0);
	char text[GATEWAY_NAME_MAX];
	struct gateway from;

	t->sa->can_redirect = n || message_notify(t->in, N_REDIRECT_SUPPORTED);
	if (!n || gateway_read(&data, &from))
		return;
	of(t->sa)->from = from;
	if (turn_has_line(t))
		sa_log(t->sa, "peer was redirected here by %s",
		       gateway_text(&from, text));
}

/* Neither to where it is, nor back to where it comes from: both would be loops. */
static bool is_sent_away(const struct turn *t, const struct conn *conn, enum conn_redirect at)
{
	const struct gateway *to = &conn->redirect_to;
	const struct redirect *r = t->sa->redirect;

	return gateway_is_set(to) && conn->redirect_at == at && t->sa->can_redirect &&
	       (to->name[0] || !addr_equal(&to->addr, &t->from->local.addr)) &&
	       !(r && gateway_equal(to, &r->from));
}

enum step_result redirect_at_init(struct turn *t, const struct conn *conn)
{
	struct writer w = wr_into(t->why_data, sizeof(t->why_data));
	char peer[ADDR_TEXT_MAX], to[GATEWAY_NAME_MAX];

	redirect_note(t);
	if (!is_sent_away(t, conn, REDIRECT_AT_INIT))
		return STEP_NEXT;
	gateway_write(&w, &conn->redirect_to);
	wr_copy(&w, t->in->nonce);
	if (!wr_ok(&w))
		return STEP_NEXT;
	sa_set_conn(t->sa, conn);
	if (turn_has_line(t))
		sa_log(t->sa, "%s is redirected to %s",
		       addr_print(&t->from->remote.addr, peer, sizeof(peer)),
		       gateway_text(&conn->redirect_to, to));
	t->why = N_REDIRECT;
	t->why_len = wr_len(&w);
	return STEP_NOTIFY;
}

bool redirect_at_auth(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	char to[GATEWAY_NAME_MAX];

	if (!is_sent_away(t, sa->conn, REDIRECT_AT_AUTH))
		return false;
	sa_log(sa, "peer is redirected to %s", gateway_text(&sa->conn->redirect_to, to));
	emit(t->out, N_REDIRECT, &sa->conn->redirect_to);
	sa->is_condemned = true;
	struct task *task = task_add(sa, TASK_IKE_DELETE, NULL, 0);
	if (task) /* it is the client's to do */
		task->not_before_ms = t->ike->now_ms + REDIRECT_WAIT_MS;
	return true;
}

bool redirect_send(struct ike_sa *sa, const struct gateway *to)
{
	if (!sa_is_up(sa) || sa->is_condemned || sa->birth.is_ours || !sa->can_redirect)
		return false;
	of(sa)->to = *to;
	return task_add(sa, TASK_REDIRECT, NULL, 0);
}

enum step_result redirect_start(struct turn *t)
{
	char text[GATEWAY_NAME_MAX];

	sa_log(t->sa, "redirecting the peer to %s", gateway_text(&t->sa->redirect->to, text));
	emit(t->out, N_REDIRECT, &t->sa->redirect->to);
	return STEP_NEXT;
}
