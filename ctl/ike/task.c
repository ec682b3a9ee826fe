/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/alloc.h"
#include "ike/followup.h"
#include "ike/ike_sa.h"

static bool is_same(const struct task *t, enum task_kind kind, const struct conn_child *conn_child,
		    uint32_t spi)
{
	return t->kind == kind && t->conn_child == conn_child && t->spi == spi;
}

bool task_is_there(const struct ike_sa *sa, enum task_kind kind,
		   const struct conn_child *conn_child, uint32_t spi)
{
	for (const struct ours *o = sa->ours; o; o = o->next)
		if (is_same(o->task, kind, conn_child, spi))
			return true;
	for (const struct task *t = sa->tasks; t; t = t->next)
		if (is_same(t, kind, conn_child, spi))
			return true;
	return false;
}

static struct task *task_new(struct ike_sa *sa, enum task_kind kind,
			     const struct conn_child *conn_child, uint32_t spi)
{
	size_t n = 0;

	for (const struct task *t = sa->tasks; t; t = t->next)
		n++;
	if (n >= TASKS_MAX || task_is_there(sa, kind, conn_child, spi))
		return NULL;
	struct task *task = alloc_zero(sizeof(*task));
	task->kind = kind;
	task->conn_child = conn_child;
	task->spi = spi;
	sa_touch(sa);
	return task;
}

struct task *task_add(struct ike_sa *sa, enum task_kind kind, const struct conn_child *conn_child,
		      uint32_t spi)
{
	struct task *task = task_new(sa, kind, conn_child, spi), **at = &sa->tasks;

	if (!task)
		return NULL;
	while (*at)
		at = &(*at)->next;
	return *at = task;
}

bool task_delete_child(struct ike_sa *sa, uint8_t protocol, uint32_t spi_in)
{
	struct task *task = task_add(sa, TASK_CHILD_DELETE, NULL, spi_in);

	if (task)
		task->protocol = protocol;
	return task;
}

struct task *task_push(struct ike_sa *sa, enum task_kind kind, const struct conn_child *conn_child,
		       uint32_t spi)
{
	struct task *task = task_new(sa, kind, conn_child, spi);

	if (!task)
		return NULL;
	task->next = sa->tasks;
	return sa->tasks = task;
}

/* 7296 2.25.2: the peer's rekey of the IKE SA is in its rounds, and would come to nothing. Or the
 * task has nothing to say to a peer that does not know the Child SA yet. */
static bool is_held(const struct ike_sa *sa, const struct task *task)
{
	bool is_about_child = task->kind == TASK_CHILD_REKEY || task->kind == TASK_CHILD_DELETE;
	const struct child *child = is_about_child ? child_by_spi(sa, task->spi, true) : NULL;

	if (child && child_is_unsure(sa, child))
		return true;
	return (is_about_child || task->kind == TASK_CHILD_NEW || task->kind == TASK_IKE_REKEY) &&
	       followup_of_ike(sa, false);
}

uint64_t task_due_ms(const struct ike_sa *sa, const struct task *task)
{
	return is_held(sa, task) ? sa->ike->now_ms + SWITCH_POLL_MS : task->not_before_ms;
}

struct task **task_first(struct ike_sa *sa)
{
	for (struct task **at = &sa->tasks; *at; at = &(*at)->next)
		if (task_due_ms(sa, *at) <= sa->ike->now_ms)
			return at;
	return NULL;
}

void tasks_free(struct ike_sa *sa)
{
	while (sa->tasks) {
		struct task *task = sa->tasks;

		sa->tasks = task->next;
		free(task);
	}
}

const char *task_text(enum task_kind kind)
{
	static const char *const text[TASK_COUNT] = {
		[TASK_IKE_INIT] = "IKE_SA_INIT",
		[TASK_IKE_AUTH] = "IKE_AUTH",
		[TASK_CHILD_NEW] = "a new CHILD_SA",
		[TASK_CHILD_REKEY] = "CHILD_SA rekey",
		[TASK_CHILD_DELETE] = "CHILD_SA delete",
		[TASK_IKE_REKEY] = "IKE_SA rekey",
		[TASK_IKE_DELETE] = "IKE_SA delete",
		[TASK_TELL] = "error",
		[TASK_IKE_EAP] = "EAP",
		[TASK_DPD] = "dead peer detection",
		[TASK_MOVE] = "a change of addresses",
		[TASK_ADDRESSES] = "further addresses",
		[TASK_CHECK] = "a check of the new address",
		[TASK_INTERMEDIATE] = "IKE_INTERMEDIATE",
		[TASK_BAD_ID] = "INVALID_MESSAGE_ID",
		[TASK_FOLLOWUP] = "IKE_FOLLOWUP_KE",	 [TASK_REDIRECT] = "REDIRECT",
	};

	return text[kind];
}
