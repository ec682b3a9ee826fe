/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/version.h"

#define POLL_MS 1000 /* nothing hangs on it: who asks wakes the thread */

/* ---- Lists ------------------------------------------------------------------------- */

static void list_init(struct fetch_list *l)
{
	*l = (struct fetch_list){ .last = &l->first };
}

static void list_push(struct fetch_list *l, struct fetch_task *task)
{
	task->next = NULL;
	*l->last = task;
	l->last = &task->next;
}

static struct fetch_task *list_pop(struct fetch_list *l)
{
	struct fetch_task *task = l->first;

	if (!task)
		return NULL;
	l->first = task->next;
	if (!l->first)
		l->last = &l->first;
	return task;
}

/* ---- One transfer, in the thread ---------------------------------------------------- */

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch_task *task = arg;
	struct fetch *f = task->fetch;
	size_t len = size * n;
	uint8_t *grown;

	if (len > task->len_max - f->answer_len)
		snprintf(task->error, sizeof(task->error), "longer than %zu bytes", task->len_max);
	if (len > task->len_max - f->answer_len)
		return CURL_WRITEFUNC_ERROR;
	grown = realloc(f->answer, f->answer_len + len + 1);
	if (!grown)
		return CURL_WRITEFUNC_ERROR;
	memcpy(grown + f->answer_len, bytes, len);
	f->answer = grown;
	f->answer_len += len;
	return len;
}

static void set_post(struct fetch_task *task)
{
	struct fetch *f = task->fetch;

	task->headers = curl_slist_append(NULL, "Content-Type: application/ocsp-request");
	curl_easy_setopt(task->curl, CURLOPT_HTTPHEADER, task->headers);
	curl_easy_setopt(task->curl, CURLOPT_POSTFIELDS, f->request);
	curl_easy_setopt(task->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->request_len);
	curl_easy_setopt(task->curl, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
}

/* Compressed answers are not asked for: their size would not be what comes over the wire. */
static int set_options(struct fetch_task *task)
{
	CURL *c = task->curl;

	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") ||
	    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") ||
	    curl_easy_setopt(c, CURLOPT_URL, task->fetch->uri))
		return -EINVAL;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)FETCH_MS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sekisho/" SEKISHO_VERSION);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, task->error);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, task);
	curl_easy_setopt(c, CURLOPT_PRIVATE, task);
	if (task->fetch->kind == FETCH_OCSP)
		set_post(task);
	return 0;
}

static void transfer_fini(struct fetcher *f, struct fetch_task *task)
{
	for (size_t i = 0; i < FETCH_RUNNING_MAX; i++)
		if (f->running[i] == task)
			f->running[i] = NULL;
	curl_multi_remove_handle(f->multi, task->curl);
	curl_easy_cleanup(task->curl);
	curl_slist_free_all(task->headers);
	task->curl = NULL;
	task->headers = NULL;
}

static void transfer_end(struct fetcher *f, struct fetch_task *task, const char *why)
{
	if (why)
		snprintf(task->fetch->why, sizeof(task->fetch->why), "%.127s", why);
	pthread_mutex_lock(&f->lock);
	list_push(&f->ended, task);
	pthread_mutex_unlock(&f->lock);
	uv_async_send(&f->ended_async);
}

static void transfer_begin(struct fetcher *f, struct fetch_task *task)
{
	task->len_max = task->fetch->kind == FETCH_OCSP ? OCSP_LEN_MAX : CRL_LEN_MAX;
	task->headers = NULL;
	*task->error = '\0';
	task->curl = curl_easy_init();
	if (!task->curl || set_options(task) || curl_multi_add_handle(f->multi, task->curl)) {
		curl_easy_cleanup(task->curl);
		curl_slist_free_all(task->headers);
		transfer_end(f, task, "libcurl cannot begin it");
		return;
	}
	for (size_t i = 0; i < FETCH_RUNNING_MAX; i++)
		if (!f->running[i]) {
			f->running[i] = task;
			break;
		}
	f->n_running++;
}

static void transfers_end(struct fetcher *f)
{
	CURLMsg *m;
	int n;

	while ((m = curl_multi_info_read(f->multi, &n)) != NULL) {
		CURLcode result = m->data.result;
		struct fetch_task *task = NULL;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&task))
			continue;
		f->n_running--;
		transfer_fini(f, task);
		transfer_end(f, task,
			     !result	    ? NULL
			     : *task->error ? task->error
					    : curl_easy_strerror(result));
	}
}

/* ---- The thread --------------------------------------------------------------------- */

/* False: end. */
static bool take_asked(struct fetcher *f)
{
	struct fetch_task *task = NULL;
	bool is_ending;

	do {
		pthread_mutex_lock(&f->lock);
		is_ending = f->is_ending;
		task = is_ending || f->n_running == FETCH_RUNNING_MAX ? NULL : list_pop(&f->asked);
		pthread_mutex_unlock(&f->lock);
		if (task)
			transfer_begin(f, task);
	} while (task);
	return !is_ending;
}

static void *run(void *arg)
{
	struct fetcher *f = arg;
	int n_running;

	while (take_asked(f)) {
		curl_multi_perform(f->multi, &n_running);
		transfers_end(f);
		curl_multi_poll(f->multi, NULL, 0, POLL_MS, NULL);
	}
	return NULL;
}

/* Signals are the loop's. */
static int thread_start(struct fetcher *f)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&f->thread, NULL, run, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	f->is_started = !err;
	return err;
}

/* ---- The loop's side ---------------------------------------------------------------- */

static void on_ended(uv_async_t *async)
{
	struct fetcher *f = async->data;
	struct fetch_task *task;

	do {
		pthread_mutex_lock(&f->lock);
		task = list_pop(&f->ended);
		pthread_mutex_unlock(&f->lock);
		if (!task)
			break;
		f->n_asked--;
		task->done(task);
	} while (true);
}

int fetcher_ask(struct fetcher *f, struct fetch_task *task)
{
	if (f->n_asked == FETCH_ASKED_MAX)
		return -EBUSY;
	f->n_asked++;
	pthread_mutex_lock(&f->lock);
	list_push(&f->asked, task);
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->multi);
	return 0;
}

int fetcher_start(struct fetcher *f, uv_loop_t *loop)
{
	int err;

	list_init(&f->asked);
	list_init(&f->ended);
	f->ended_async.data = f;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(f->multi = curl_multi_init()))
		return -ENOMEM;
	err = -pthread_mutex_init(&f->lock, NULL);
	if (!err)
		err = uv_async_init(loop, &f->ended_async, on_ended);
	return err ? err : thread_start(f);
}

void fetcher_fini(struct fetcher *f)
{
	if (!f->multi)
		return;
	if (f->is_started) {
		pthread_mutex_lock(&f->lock);
		f->is_ending = true;
		pthread_mutex_unlock(&f->lock);
		curl_multi_wakeup(f->multi);
		pthread_join(f->thread, NULL);
	}
	for (size_t i = 0; i < FETCH_RUNNING_MAX; i++)
		if (f->running[i]) {
			curl_easy_setopt(f->running[i]->curl, CURLOPT_QUICK_EXIT, 1L);
			transfer_fini(f, f->running[i]);
		}
	curl_multi_cleanup(f->multi);
	f->multi = NULL;
}
