// SPDX-License-Identifier: BSD-2-Clause
/*
 * pktgen: sends UDP over IPv4 or IPv6, ready-made ESP, or the frames of a pcap file out of one
 * interface, at a set rate or as fast as it goes. README.md beside this file says how to use it.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "gen.h"

volatile sig_atomic_t gen_stop;

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("pktgen: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void report(const struct options *o, const char *what, const struct pg_state *s,
		   const struct pg_state *since, double dt)
{
	unsigned long long sent = s->sent - since->sent, resync = s->resync;
	double gbps = (s->bytes - since->bytes) * 8 / dt / 1e9;

	if (o->json)
		printf("{\"pktgen\":\"%s\",\"seconds\":%.3f,\"sent\":%llu,\"pps\":%.0f,"
		       "\"gbps\":%.3f,\"resync\":%llu}\n",
		       what, dt, sent, sent / dt, gbps, resync);
	else
		printf("%-5s %7.3f s  sent %12llu  %10.0f pps  %7.3f Gbit/s  resync %llu\n", what,
		       dt, sent, sent / dt, gbps, resync);
	fflush(stdout);
}

void progress_start(struct progress *p, const struct options *o)
{
	*p = (struct progress){ .start = now_s() };
	p->last = p->start;
	p->end = p->start + o->seconds;
	p->next = o->interval > 0 ? p->start + o->interval : p->end;
}

bool progress_tick(struct progress *p, const struct options *o, const struct pg_state *s,
		   double now)
{
	struct pg_state since = { .sent = p->last_sent, .bytes = p->last_bytes };

	if (o->interval > 0 && now >= p->next) {
		report(o, "tick", s, &since, now - p->last);
		p->last_sent = s->sent;
		p->last_bytes = s->bytes;
		p->last = now;
		p->next = now + o->interval;
	}
	return now < p->end;
}

void progress_total(const struct progress *p, const struct options *o, const struct pg_state *s)
{
	report(o, "total", s, &(struct pg_state){ 0 }, now_s() - p->start);
}

static void on_stop(int sig)
{
	(void)sig;
	gen_stop = 1;
}

static void prepare_process(const struct options *o)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct sigaction stop = { .sa_handler = on_stop };
	cpu_set_t set;

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* kernels before 5.11 charge maps to it */
	if (o->cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(o->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d: %s", o->cpu, strerror(errno));
}

int main(int argc, char **argv)
{
	struct pcap_file file, *pcap = NULL;
	struct table t = { 0 };
	struct options o;

	options_parse(&o, argc, argv);
	prepare_process(&o);
	if (o.pcap) {
		pcap = &file;
		pcap_open(pcap, o.pcap);
	}
	table_size(&o, pcap, &t);
	if (o.packet_mode)
		packet_run(&o, pcap, &t);
	else
		live_run(&o, pcap, &t);
	if (pcap)
		free(pcap->mem);
	return 0;
}
