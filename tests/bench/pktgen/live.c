// SPDX-License-Identifier: BSD-2-Clause
/*
 * Way out "live": the BPF program redirects page-pool frames into the device's ndo_xdp_xmit. No
 * skb is built and the payload is not copied. The peer of a veth must have NAPI on: an XDP
 * program, an AF_XDP socket, or GRO.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "gen.h"
#include "pktgen.skel.h"

/* Passes of one BPF_PROG_TEST_RUN. Few long calls, since each costs tens of milliseconds to set
 * up; the timer cuts them. With pacing a pass that finds no frame due counts too. */
#define PASSES_MAX (1ull << 30)
#define PASSES_PACED_MIN (1ull << 22) /* 0.2 s */

static int warnings_only(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

static void on_alarm(int sig)
{
	(void)sig; /* its only work is to interrupt BPF_PROG_TEST_RUN */
}

static void arm_timer(double s)
{
	struct itimerval it = { .it_value = { .tv_sec = s, .tv_usec = (s - (long)s) * 1e6 } };

	if (s < 1e-6)
		it.it_value = (struct timeval){ .tv_usec = 1 };
	setitimer(ITIMER_REAL, &it, NULL);
}

static void *map_memory(const struct bpf_map *m, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(m), 0);

	if (p == MAP_FAILED)
		die("cannot map %s: %s", bpf_map__name(m), strerror(errno));
	return p;
}

/* The longest frame is needed before the program is loaded, the table only exists after it. */
static struct pktgen_bpf *load(const struct options *o, const struct pcap_file *pcap,
			       const struct table *t)
{
	struct pktgen_bpf *skel = pktgen_bpf__open();
	struct pg_const k = { .ifindex = o->ifindex,
			      .n_tmpl = t->n,
			      .randomise = o->randomise,
			      .once = o->once,
			      .limit = o->limit,
			      .max_copy = t->max_copy,
			      .base_len = table_longest(o, pcap, t) };
	int err;

	if (!skel)
		die("cannot open the BPF object");
	if (o->rate > 0)
		k.interval_fp = 1e9 / o->rate * (1 << PG_FP);
	memcpy((void *)&skel->rodata->K, &k, sizeof(k));
	bpf_map__set_value_size(skel->maps.tmpl, t->stride);
	bpf_map__set_max_entries(skel->maps.tmpl, t->n);
	err = pktgen_bpf__load(skel);
	if (err)
		die("cannot load the BPF program: %s", strerror(-err));
	return skel;
}

/* How many passes the next call makes; 0: all is sent. The program keeps to the limit. */
static uint64_t passes(const struct options *o, const struct table *t, const struct pg_state *s)
{
	uint64_t left = PASSES_MAX;

	if (o->limit)
		left = o->limit > s->sent ? o->limit - s->sent : 0;
	if (o->once && t->n - s->idx < left)
		left = t->n - s->idx;
	if (left > PASSES_MAX)
		left = PASSES_MAX;
	if (left && o->rate > 0 && left < PASSES_PACED_MIN)
		left = PASSES_PACED_MIN;
	return left;
}

static void emit(const struct options *o, const struct table *t, int prog_fd,
		 const struct pg_state *s, struct progress *p)
{
	uint8_t base[GEN_FRAME_MAX] = { 0 };

	memcpy(base, table_slot(t, 0)->data, table_slot(t, 0)->copy_len);
	progress_start(p, o);
	while (!gen_stop) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = base, .data_size_in = t->max_frame,
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = o->batch);
		int err;

		run.repeat = passes(o, t, s);
		if (!run.repeat)
			break;
		arm_timer((p->next < p->end ? p->next : p->end) - now_s());
		err = bpf_prog_test_run_opts(prog_fd, &run);
		if (err && err != -EINTR && err != -EAGAIN)
			die("BPF_PROG_TEST_RUN: %s", strerror(-err));
		if (!progress_tick(p, o, s, now_s()))
			break;
	}
}

void live_run(const struct options *o, const struct pcap_file *pcap, struct table *t)
{
	struct sigaction alarm = { .sa_handler = on_alarm };
	struct pktgen_bpf *skel;
	struct progress p;
	struct pg_state *s;

	libbpf_set_print(warnings_only);
	sigaction(SIGALRM, &alarm, NULL);
	skel = load(o, pcap, t);
	t->mem = map_memory(skel->maps.tmpl, t->stride * t->n);
	table_fill(o, pcap, t);
	s = map_memory(skel->maps.state, sizeof(*s));
	emit(o, t, bpf_program__fd(skel->progs.pg_emit), s, &p);
	progress_total(&p, o, s);
	munmap(s, sizeof(*s));
	munmap(t->mem, t->stride * t->n);
	pktgen_bpf__destroy(skel);
}
