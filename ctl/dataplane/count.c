/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters by name, and the events that programs and worker send to the controller. */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct outcome_words {
	const char *name, *text;
};

#define X(name, text) { #name, text },
static const struct outcome_words gate_words[] = { GATE_OUTCOMES(X) };
static const struct outcome_words worker_words[] = { WORKER_OUTCOMES(X) };
#undef X

int counters_gate(struct dataplane *dp, uint64_t ret_count[GATE_OUTCOME_COUNT])
{
	int n_cpus = libbpf_num_possible_cpus(), r = 0;
	uint64_t sum[GATE_OUTCOME_COUNT] = { 0 };

	if (n_cpus < 0)
		return n_cpus;
	uint64_t *per_cpu = calloc((size_t)n_cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	for (uint32_t i = 0; !r && i < GATE_OUTCOME_COUNT; i++) {
		if (bpf_map_lookup_elem(dp_fd(dp, DP_MAP_counters), &i, per_cpu))
			r = -errno;
		for (int cpu = 0; !r && cpu < n_cpus; cpu++)
			sum[i] += per_cpu[cpu];
	}
	free(per_cpu);
	for (int i = 0; !r && i < GATE_OUTCOME_COUNT; i++)
		ret_count[i] = sum[i];
	return r;
}

int counters_worker(struct dataplane *dp, uint64_t ret_count[WORKER_OUTCOME_COUNT])
{
	const uint64_t *count = dp_worker_count(dp);

	if (!count)
		return -ENOENT;
	for (int i = 0; i < WORKER_OUTCOME_COUNT; i++)
		ret_count[i] = __atomic_load_n(&count[i], __ATOMIC_RELAXED);
	return 0;
}

static const struct outcome_words *words(const struct outcome_words *list, size_t n, size_t i)
{
	static const struct outcome_words unknown = { "?", "unknown outcome" };

	return i < n ? &list[i] : &unknown;
}

const char *counters_gate_name(enum gate_outcome o)
{
	return words(gate_words, ARRAY_SIZE(gate_words), o)->name;
}

const char *counters_gate_text(enum gate_outcome o)
{
	return words(gate_words, ARRAY_SIZE(gate_words), o)->text;
}

const char *counters_worker_name(enum worker_outcome o)
{
	return words(worker_words, ARRAY_SIZE(worker_words), o)->name;
}

const char *counters_worker_text(enum worker_outcome o)
{
	return words(worker_words, ARRAY_SIZE(worker_words), o)->text;
}

struct dp_events {
	struct ring_buffer *ring;
	struct dp_sinks to;
	void *arg;
};

static int on_event(void *ctx, void *data, size_t size)
{
	struct dp_events *ev = ctx;

	if (size >= sizeof(struct event))
		ev->to.on_event(data, ev->arg);
	return 0;
}

static int on_sample(void *ctx, void *data, size_t size)
{
	struct dp_events *ev = ctx;

	if (size >= sizeof(struct drop_sample))
		ev->to.on_sample(data, ev->arg);
	return 0;
}

static int open_rings(struct dataplane *dp, struct dp_events *ev)
{
	ev->ring = ring_buffer__new(dp_fd(dp, DP_MAP_events), on_event, ev, NULL);
	if (!ev->ring)
		return -errno;
	return ev->to.on_sample
		       ? ring_buffer__add(ev->ring, dp_fd(dp, DP_MAP_samples), on_sample, ev)
		       : 0;
}

int dp_events_open(struct dataplane *dp, const struct dp_sinks *sinks, void *arg,
		   struct dp_events **ret_events)
{
	struct dp_events *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return -ENOMEM;
	ev->to = *sinks;
	ev->arg = arg;
	int r = open_rings(dp, ev);
	if (r) {
		dp_events_close(ev);
		return r;
	}
	*ret_events = ev;
	return 0;
}

int dp_events_fd(const struct dp_events *ev)
{
	return ring_buffer__epoll_fd(ev->ring);
}

int dp_events_read(struct dp_events *ev)
{
	int r = ring_buffer__consume(ev->ring);

	return r < 0 ? r : 0;
}

void dp_events_close(struct dp_events *ev)
{
	if (!ev)
		return;
	ring_buffer__free(ev->ring);
	free(ev);
}

/* By a program of type syscall. Its result: 0, or -EAGAIN where the ring is full. */
static int run(const struct dataplane *dp, enum dp_prog_id prog, void *what, uint32_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = what, .ctx_size_in = size);

	if (bpf_prog_test_run_opts(dp->prog_fd[prog], &opts))
		return -errno;
	return (int)opts.retval;
}

int dp_report(struct dataplane *dp, const struct event *what)
{
	struct event ev = *what;

	return run(dp, DP_PROG_report, &ev, sizeof(ev));
}

int dp_sample(struct dataplane *dp, const struct drop_sample *what)
{
	struct drop_sample s = *what;

	return run(dp, DP_PROG_drop, &s, sizeof(s));
}

int dp_samples_watch(struct dataplane *dp, uint32_t ms)
{
	struct timespec t;

	if (!dp->may_write)
		return -EPERM;
	clock_gettime(CLOCK_BOOTTIME, &t);
	__atomic_store_n(&dp_sample_state(dp)->until_ns,
			 (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec + ms * 1000000ull,
			 __ATOMIC_RELAXED);
	return 0;
}
