/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/threads.h"

#include <poll.h>
#include <sched.h>
#include "worker/control.h"
#include "worker/log.h"
#include "worker/pass.h"

static bool is_pausing(const struct threads *t)
{
	return __atomic_load_n(&t->pause, __ATOMIC_RELAXED);
}

/* False: it is the end. */
static bool pause_here(struct threads *t)
{
	bool stop;

	pthread_mutex_lock(&t->lock);
	t->running--;
	pthread_cond_broadcast(&t->changed);
	while (t->pause)
		pthread_cond_wait(&t->changed, &t->lock);
	t->running++;
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return !stop;
}

static void wait_for_work(struct worker *w)
{
	static _Thread_local struct pollfd fds[1 + XSK_MAX];

	fds[0] = (struct pollfd){ .fd = w->wake_fd, .events = POLLIN };
	for (uint32_t i = 0; i < w->n_xsks; i++)
		fds[1 + i] = (struct pollfd){ .fd = w->xsks[i]->fd, .events = POLLIN };
	if (poll(fds, 1 + w->n_xsks, worker_patience_ms(w)) > 0 && fds[0].revents)
		pass_wake_take(w);
}

/* Keys belong to the thread that made them. */
static void *worker_thread(void *arg)
{
	struct worker *w = arg;
	struct threads *t = &w->control->threads;

	for (;;) {
		if (is_pausing(t)) {
			if (!pause_here(t))
				break;
			worker_chores(w);
		}
		if (worker_turn(w) == 0)
			wait_for_work(w);
	}
	sa_cache_fini(&w->sas);
	w->control->provider->thread_end();
	return NULL;
}

void threads_pause(struct control *c)
{
	struct threads *t = &c->threads;

	if (t->n) {
		pthread_mutex_lock(&t->lock);
		__atomic_store_n(&t->pause, true, __ATOMIC_RELAXED);
		for (uint32_t i = 0; i < t->n; i++)
			pass_wake(c->workers[i]);
		while (t->running)
			pthread_cond_wait(&t->changed, &t->lock);
		pthread_mutex_unlock(&t->lock);
	}
	for (uint32_t i = 0; i < t->n; i++)
		while (pass_receive(c->workers[i])) /* a burst of each ring at a time */
			;
	for (uint32_t i = 0; i < t->n; i++)
		pass_reclaim(c->workers[i]);
}

static void resume(struct threads *t, bool stop)
{
	pthread_mutex_lock(&t->lock);
	t->stop = stop;
	__atomic_store_n(&t->pause, false, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void threads_resume(struct control *c)
{
	if (c->threads.n)
		resume(&c->threads, false);
	else
		worker_chores(c->workers[0]);
}

uint32_t threads_default(void)
{
	cpu_set_t allowed;
	uint32_t n =
		sched_getaffinity(0, sizeof(allowed), &allowed) ? 1 : (uint32_t)CPU_COUNT(&allowed);

	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

int threads_start(struct control *c)
{
	struct threads *t = &c->threads;
	int err = 0;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	if (c->n_workers == 1)
		return 0;
	for (uint32_t i = 0; i < c->n_workers && !err; i++) {
		pthread_mutex_lock(&t->lock);
		err = -pthread_create(&t->thread[i], NULL, worker_thread, c->workers[i]);
		t->running += !err;
		t->n += !err;
		pthread_mutex_unlock(&t->lock);
	}
	return err;
}

void threads_stop(struct control *c)
{
	struct threads *t = &c->threads;

	if (!t->n)
		return;
	threads_pause(c);
	resume(t, true);
	for (uint32_t i = 0; i < t->n; i++)
		pthread_join(t->thread[i], NULL);
	t->n = 0;
}
