// SPDX-License-Identifier: BSD-2-Clause
/* The table of templates, and the frames of a classic pcap file as another way to fill it. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen.h"

static void size_esp(const struct options *o, int biggest, struct table *t)
{
	t->n = o->esp.count;
	t->max_frame = t->max_copy = biggest + frame_esp_overhead_max(&o->esp);
}

static void size_udp(const struct options *o, int biggest, struct table *t)
{
	t->n = o->flows;
	if (!t->n) {
		t->n = o->src.n > o->dst.n ? o->src.n : o->dst.n;
		if (o->n_sport > t->n)
			t->n = o->n_sport;
	}
	if (o->n_sizes > 1)
		t->n *= o->n_sizes;
	t->max_frame = biggest;
	t->max_copy = o->full_copy ? biggest : o->src.family == AF_INET6 ? 62 : 42;
}

void table_size(const struct options *o, const struct pcap_file *pcap, struct table *t)
{
	int biggest = 0;

	for (int i = 0; i < o->n_sizes; i++)
		if (o->sizes[i] > biggest)
			biggest = o->sizes[i];
	if (pcap)
		pcap_walk(pcap, t, false);
	else if (o->esp.on)
		size_esp(o, biggest, t);
	else
		size_udp(o, biggest, t);
	if (t->n > UINT32_MAX)
		die("too many frames");
	/* whole cache lines, so that no frame shares one with its neighbour */
	t->stride = (sizeof(struct pg_tmpl) + t->max_copy + 63) & ~63ul;
}

void table_fill(const struct options *o, const struct pcap_file *pcap, struct table *t)
{
	EVP_CIPHER_CTX *c = NULL;
	uint8_t f[GEN_FRAME_MAX];

	if (pcap) {
		pcap_walk(pcap, t, true);
		return;
	}
	if (o->esp.on)
		c = frame_esp_context(&o->esp);
	t->max_frame = 0;
	for (uint64_t i = 0; i < t->n; i++) {
		struct pg_tmpl *s = table_slot(t, i);
		int size = o->sizes[i % o->n_sizes], len, copy;

		if (o->esp.on)
			len = copy = frame_put_esp(o, f, i, size, c);
		else
			len = frame_put_udp(o, f, i, size, &copy);
		s->frame_len = len;
		s->copy_len = copy;
		memcpy(s->data, f, copy);
		if (len > t->max_frame)
			t->max_frame = len;
	}
	EVP_CIPHER_CTX_free(c);
}

int table_longest(const struct options *o, const struct pcap_file *pcap, const struct table *t)
{
	struct table period = *t;

	if (pcap || !o->esp.on)
		return t->max_frame;
	period.n = (uint64_t)o->n_sizes < t->n ? (uint64_t)o->n_sizes : t->n;
	period.mem = calloc(period.n, period.stride);
	if (!period.mem)
		die("out of memory");
	table_fill(o, NULL, &period);
	free(period.mem);
	return period.max_frame;
}

#define PCAP_HEADER 24u
#define PCAP_RECORD 16u
#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du

static uint32_t pcap_u32(const struct pcap_file *f, size_t at)
{
	uint32_t v;

	memcpy(&v, f->mem + at, 4);
	return f->swap ? __builtin_bswap32(v) : v;
}

static void pcap_magic(struct pcap_file *f, const char *name)
{
	uint32_t magic = pcap_u32(f, 0), swapped = __builtin_bswap32(magic);

	f->swap = swapped == PCAP_MAGIC_US || swapped == PCAP_MAGIC_NS;
	if (!f->swap && magic != PCAP_MAGIC_US && magic != PCAP_MAGIC_NS)
		die("%s: not a classic pcap file", name);
}

void pcap_open(struct pcap_file *f, const char *name)
{
	FILE *fp = fopen(name, "rb");

	if (!fp)
		die("%s: %s", name, strerror(errno));
	fseek(fp, 0, SEEK_END);
	f->len = ftell(fp);
	rewind(fp);
	f->mem = malloc(f->len + 1);
	if (!f->mem || f->len < PCAP_HEADER || fread(f->mem, 1, f->len, fp) != f->len)
		die("%s: cannot read", name);
	fclose(fp);
	pcap_magic(f, name);
}

static void pcap_store(const struct pcap_file *f, struct table *t, uint64_t i, size_t at,
		       uint32_t len)
{
	struct pg_tmpl *s = table_slot(t, i);

	s->frame_len = s->copy_len = len;
	memcpy(s->data, f->mem + at, len);
}

void pcap_walk(const struct pcap_file *f, struct table *t, bool fill)
{
	uint64_t n = 0;
	uint32_t len;

	for (size_t at = PCAP_HEADER; at + PCAP_RECORD <= f->len; at += PCAP_RECORD + len) {
		len = pcap_u32(f, at + 8);
		if (len > f->len - at - PCAP_RECORD)
			break;
		if (len < 14 || len > GEN_FRAME_MAX_BYTES)
			continue;
		if (fill)
			pcap_store(f, t, n, at + PCAP_RECORD, len);
		else if ((int)len > t->max_copy)
			t->max_copy = t->max_frame = len;
		n++;
	}
	if (!n)
		die("no usable frames in the pcap file");
	t->n = n;
}
