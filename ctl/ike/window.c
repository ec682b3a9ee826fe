/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/window.h"

#include "ike/alloc.h"
#include "ike/rival.h"

#define EXCHANGE_OFF 18 /* in a message, RFC 7296 3.1 */

/* ---- Ours ------------------------------------------------------------------------- */

/* These leave the IKE SA as it is: several of them may be under way. */
#define SHARED                                                                                     \
	(ON(TASK_CHILD_NEW) | ON(TASK_CHILD_REKEY) | ON(TASK_CHILD_DELETE) | ON(TASK_DPD) |        \
	 ON(TASK_BAD_ID))

static bool is_alone(const struct task *task)
{
	return !(ON(task->kind) & SHARED);
}

/* 2.3: not before all are answered that are a window away. What is being made counts, too. */
static bool has_room(const struct ike_sa *sa)
{
	uint32_t oldest = sa->next_id, n_made = 0;

	for (const struct ours *o = sa->ours; o; o = o->next) {
		if (o->request && o->id < oldest)
			oldest = o->id;
		n_made += !o->request && !o->is_again;
	}
	return sa->next_id - oldest + n_made < (sa_is_up(sa) ? sa->window_out : 1);
}

/* 2.25: what is about one Child SA goes one by one. */
static bool may_begin(const struct ike_sa *sa, const struct task *task)
{
	for (const struct ours *o = sa->ours; o; o = o->next)
		if (is_alone(o->task) || is_alone(task) || (task->spi && o->task->spi == task->spi))
			return false;
	return has_room(sa);
}

static struct ours *ours_new(struct ike_sa *sa, struct task *task)
{
	struct ours *ours = alloc_zero(sizeof(*ours)), **at = &sa->ours;

	while (*at)
		at = &(*at)->next;
	ours->task = task;
	ours->serial = ++sa->last_serial;
	return *at = ours;
}

struct ours *ours_next(struct ike_sa *sa)
{
	const struct exchange *ex;

	if (rival_is_open(sa))
		return NULL;
	for (struct ours *o = sa->ours; o; o = o->next)
		if (o->is_again && has_room(sa))
			return o;
	struct task **at = task_first(sa);
	if (!at || !step_find_start(sa, (*at)->kind, &ex) || !may_begin(sa, *at))
		return NULL;
	struct task *task = *at;
	*at = task->next;
	task->next = NULL;
	return ours_new(sa, task);
}

void ours_free(struct ours *ours)
{
	free(ours->task);
	free(ours->request);
	inbound_free(ours->in);
	nego_wipe(&ours->nego);
	free(ours);
}

struct ours *ours_by_id(const struct ike_sa *sa, uint32_t id)
{
	struct ours *o = sa->ours;

	while (o && !(o->request && o->id == id))
		o = o->next;
	return o;
}

struct ours *ours_of(const struct ike_sa *sa, enum task_kind kind)
{
	struct ours *o = sa->ours;

	while (o && o->task->kind != kind)
		o = o->next;
	return o;
}

struct ours *ours_but(const struct ike_sa *sa, enum task_kind kind)
{
	struct ours *o = sa->ours;

	while (o && o->task->kind == kind)
		o = o->next;
	return o;
}

struct ours *ours_by_job(const struct ike_sa *sa, const struct ike_job *job)
{
	struct ours *o = job->is_request ? NULL : sa->ours;

	while (o && !(o->waits && o->serial == job->serial))
		o = o->next;
	return o;
}

/* ---- The peer's ------------------------------------------------------------------- */

struct theirs *theirs_at(struct ike_sa *sa, uint32_t id)
{
	return &sa->theirs[id % WINDOW_MAX];
}

bool theirs_is_answered(struct ike_sa *sa, uint32_t id)
{
	const struct theirs *theirs = theirs_at(sa, id);

	return theirs->response && theirs->id == id;
}

bool theirs_is_copy(struct ike_sa *sa, const struct ike_header *h)
{
	return theirs_is_answered(sa, h->id) &&
	       theirs_at(sa, h->id)->response[EXCHANGE_OFF] == h->exchange;
}

bool theirs_is_due(struct ike_sa *sa, uint32_t id)
{
	return id - sa->due_id < sa->window_in && !theirs_is_answered(sa, id) &&
	       !theirs_at(sa, id)->waits;
}

/* What has the place so far is WINDOW_MAX behind: answered, and of no more use. */
void theirs_keep(struct ike_sa *sa, uint32_t id, const struct step *step, struct inbound *in)
{
	struct theirs *theirs = theirs_at(sa, id);

	free(theirs->response);
	*theirs = (struct theirs){ .id = id, .waits = step, .in = in };
}

void theirs_answered(struct ike_sa *sa, uint32_t id)
{
	while (theirs_is_answered(sa, sa->due_id))
		sa->due_id++;
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		struct theirs *old = &sa->theirs[i];

		if (!old->response || old->id + sa->window_in > id)
			continue;
		free(old->response);
		old->response = NULL;
	}
}

bool theirs_are_open(struct ike_sa *sa, uint32_t id)
{
	for (size_t i = 0; i < WINDOW_MAX; i++)
		if (sa->theirs[i].waits && sa->theirs[i].id != id)
			return true;
	return id != sa->due_id;
}

uint32_t theirs_known(const struct ike_sa *sa, uint32_t id)
{
	return id < sa->window_in ? 0 : id - sa->window_in + 1;
}

/* ---- SET_WINDOW_SIZE --------------------------------------------------------------- */

void window_emit(struct turn *t)
{
	uint32_t size = t->ike->settings.window_size;
	uint8_t bytes[4];
	struct writer w = wr_into(bytes, sizeof(bytes));

	/* Until the initial exchanges are over it is one, and so it is after a rekey (2.18). */
	if (size <= t->sa->window_in ||
	    (!sa_is_up(t->sa) && t->step->to != ST_ESTABLISHED && t->step->to != ST_AUTH_SENT))
		return;
	wr_u32(&w, size);
	notify_emit_plain(t->out, N_SET_WINDOW_SIZE, rd_from(bytes, sizeof(bytes)));
	t->sa->window_in = size;
}

/* It never becomes smaller. */
void window_note(struct ike_sa *sa, const struct message *m)
{
	const struct notify *n = message_notify(m, N_SET_WINDOW_SIZE);
	struct reader r = n ? n->data : rd_from(NULL, 0);
	uint32_t size = rd_u32(&r);

	if (size > WINDOW_MAX)
		size = WINDOW_MAX;
	if (rd_done(&r) && size > sa->window_out)
		sa->window_out = size;
}

void window_overrun(struct ike_sa *sa, struct inbound *in)
{
	uint32_t id = in->m.header.id;

	if (!sa_is_up(sa) || id < sa->due_id || sa->overrun_ms > sa->ike->now_ms ||
	    message_parse(rd_from(in->bytes, in->len), &in->m) != MSG_OK ||
	    message_open(&in->m, sa_key_in(sa), in->plain, in->plain_len) == MSG_DROP)
		return;
	sa->overrun_ms = sa->ike->now_ms + OVERRUN_MS;
	sa_error(sa, "peer's request %u is outside of the window: INVALID_MESSAGE_ID", id);
	(void)task_add(sa, TASK_BAD_ID, NULL, id);
}
