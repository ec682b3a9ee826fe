/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pktgen from the inside. A run has three steps: options say what to send, a table of templates
 * holds every frame ready made (so 10 000 flows cost no more instructions than one), and one
 * of two ways out sends them in turn. A command-line tool: an error ends it (die()).
 */
#ifndef BENCH_GEN_H
#define BENCH_GEN_H

#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "clock.h"
#include "shared.h"

#define GEN_FRAME_MAX 2000
#define GEN_FRAME_MIN_BYTES 60	 /* Ethernet's least, without FCS */
#define GEN_FRAME_MAX_BYTES 1514 /* an MTU of 1500 */
#define GEN_PATTERN_MAX 256
#define GEN_BATCH_MAX 256 /* of BPF_PROG_TEST_RUN (TEST_XDP_MAX_BATCH) */

/* n addresses from base on, `step` apart. */
struct range {
	int family;
	uint8_t base[16];
	uint64_t n;
	uint64_t step;
};

struct esp_options {
	bool on, natt, esn;
	uint8_t key[32];
	int key_len;
	uint8_t salt[4];
	uint32_t spi;
	uint64_t tunnels;
	uint64_t count;
	uint64_t seq;
	struct range osrc, odst;
};

struct options {
	char dev[IFNAMSIZ];
	unsigned ifindex;
	int sizes[GEN_PATTERN_MAX]; /* one period of frame sizes */
	int n_sizes;
	double rate; /* frames per second; 0: as fast as it goes */
	double seconds;
	double interval; /* between reports, seconds; 0: none */
	uint64_t limit;
	int cpu; /* -1: any */
	int batch;
	bool packet_mode, randomise, once, json, full_copy;
	uint8_t smac[6], dmac[6];
	bool smac_set;
	struct range src, dst;
	uint32_t sport, dport;
	uint64_t n_sport, flows;
	const char *pcap;
	struct esp_options esp;
};

/* Slots of struct pg_tmpl, `stride` bytes apart. */
struct table {
	uint64_t n;
	size_t stride;
	int max_frame, max_copy;
	uint8_t *mem;
};

/* A classic pcap file in memory. */
struct pcap_file {
	uint8_t *mem;
	size_t len;
	bool swap; /* written in the other byte order */
};

/* Times and counts of a run, for its reports. */
struct progress {
	double start, last, next, end;
	uint64_t last_sent, last_bytes;
};

extern volatile sig_atomic_t gen_stop;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

void options_parse(struct options *o, int argc, char **argv);
void usage(void) __attribute__((noreturn));

/* ADDR[+COUNT[/STEP]] */
void range_parse(const char *arg, struct range *ret_range);
/* Address i of the range, modulo its size: 4 or 16 bytes. */
void range_at(const struct range *r, uint64_t i, uint8_t *ret_addr);
void sizes_parse(struct options *o, const char *arg);
void esp_parse(struct esp_options *esp, char *arg);

struct evp_cipher_ctx_st;
/* Frame i. Both return its length; *ret_copy says how much of it must be rewritten each time. */
int frame_put_udp(const struct options *o, uint8_t *p, uint64_t i, int size, int *ret_copy);
int frame_put_esp(const struct options *o, uint8_t *p, uint64_t i, int size,
		  struct evp_cipher_ctx_st *c);
/* A context with the key set, ready for frame_put_esp(). */
struct evp_cipher_ctx_st *frame_esp_context(const struct esp_options *esp);
int frame_esp_overhead_max(const struct esp_options *esp);

static inline struct pg_tmpl *table_slot(const struct table *t, uint64_t i)
{
	return (struct pg_tmpl *)(t->mem + t->stride * i);
}
/* Decides how many slots of what size are wanted; t->mem is the caller's to set. */
void table_size(const struct options *o, const struct pcap_file *pcap, struct table *t);
/* Writes every slot, and the real t->max_frame. */
void table_fill(const struct options *o, const struct pcap_file *pcap, struct table *t);
/* The longest frame of the table, before there is memory for all of it. */
int table_longest(const struct options *o, const struct pcap_file *pcap, const struct table *t);

void pcap_open(struct pcap_file *f, const char *name);
/* Counts the usable frames and their longest into t, or (fill) copies them. */
void pcap_walk(const struct pcap_file *f, struct table *t, bool fill);

void progress_start(struct progress *p, const struct options *o);
/* Reports if it is time for it; false: the run is over. */
bool progress_tick(struct progress *p, const struct options *o, const struct pg_state *s,
		   double now);
void progress_total(const struct progress *p, const struct options *o, const struct pg_state *s);

void live_run(const struct options *o, const struct pcap_file *pcap, struct table *t);
void packet_run(const struct options *o, const struct pcap_file *pcap, struct table *t);

#endif
