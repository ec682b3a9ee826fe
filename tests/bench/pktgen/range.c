// SPDX-License-Identifier: BSD-2-Clause
/* Arguments with a little language of their own: address ranges, size lists, --esp. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen.h"

void range_parse(const char *arg, struct range *ret_range)
{
	struct range r = { .n = 1, .step = 1 };
	char buf[128], *count, *step;

	snprintf(buf, sizeof(buf), "%s", arg);
	count = strchr(buf, '+');
	if (count) {
		*count++ = 0;
		step = strchr(count, '/');
		if (step) {
			*step++ = 0;
			r.step = strtoull(step, NULL, 0);
		}
		r.n = strtoull(count, NULL, 0);
		if (!r.n)
			die("empty address range: %s", arg);
	}
	r.family = strchr(buf, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(r.family, buf, r.base) != 1)
		die("not an address: %s", buf);
	*ret_range = r;
}

void range_at(const struct range *r, uint64_t i, uint8_t *ret_addr)
{
	int len = r->family == AF_INET6 ? 16 : 4;
	uint64_t add = i % r->n * r->step;

	memcpy(ret_addr, r->base, len);
	for (int k = len - 1; k >= 0 && add; k--) {
		add += ret_addr[k];
		ret_addr[k] = add;
		add >>= 8;
	}
}

struct size_list {
	int n, total; /* total: of the weights */
	int size[16], weight[16];
};

/* SIZE[:WEIGHT][,SIZE[:WEIGHT]...] */
static void size_list_parse(const char *arg, struct size_list *l)
{
	char buf[256], *save, *weight;

	snprintf(buf, sizeof(buf), "%s", arg);
	for (char *tok = strtok_r(buf, ",", &save); tok; tok = strtok_r(NULL, ",", &save)) {
		if (l->n == 16)
			die("too many sizes");
		weight = strchr(tok, ':');
		l->weight[l->n] = weight ? atoi(weight + 1) : 1;
		l->size[l->n] = atoi(tok);
		if (l->size[l->n] < GEN_FRAME_MIN_BYTES || l->size[l->n] > GEN_FRAME_MAX_BYTES)
			die("frame sizes go from %d to %d bytes", GEN_FRAME_MIN_BYTES,
			    GEN_FRAME_MAX_BYTES);
		if (l->weight[l->n] < 1 || l->weight[l->n] > GEN_PATTERN_MAX)
			die("bad weight in the size list");
		l->total += l->weight[l->n++];
	}
	if (!l->n || l->total > GEN_PATTERN_MAX)
		die("bad size list");
}

/* Spreads the sizes evenly over one period: whoever has waited longest for its share is next. */
void sizes_parse(struct options *o, const char *arg)
{
	struct size_list l = { 0 };
	int credit[16] = { 0 };

	size_list_parse(arg, &l);
	for (int i = 0; i < l.total; i++) {
		int best = 0;

		for (int k = 0; k < l.n; k++) {
			credit[k] += l.weight[k];
			if (credit[k] > credit[best])
				best = k;
		}
		credit[best] -= l.total;
		o->sizes[i] = l.size[best];
	}
	o->n_sizes = l.total;
}

static int unhex(const char *s, uint8_t *out, int max)
{
	int n = 0;

	if (!strncmp(s, "0x", 2))
		s += 2;
	for (; *s; s += 2, n++)
		if (n == max || !s[1] || sscanf(s, "%2hhx", &out[n]) != 1)
			die("bad hex string");
	return n;
}

/* The AES key, then 4 bytes of salt (RFC 4106 8.1). */
static void esp_key_parse(struct esp_options *esp, const char *hex)
{
	uint8_t km[36];
	int n = unhex(hex, km, sizeof(km));

	if (n != 20 && n != 28 && n != 36)
		die("--esp key= takes the AES key and 4 bytes of salt");
	esp->key_len = n - 4;
	memcpy(esp->key, km, n - 4);
	memcpy(esp->salt, km + n - 4, 4);
}

static void esp_value_parse(struct esp_options *esp, const char *name, const char *v)
{
	if (!v)
		die("--esp %s: unknown, or needs a value", name);
	if (!strcmp(name, "key"))
		esp_key_parse(esp, v);
	else if (!strcmp(name, "spi"))
		esp->spi = strtoul(v, NULL, 0);
	else if (!strcmp(name, "tunnels"))
		esp->tunnels = strtoull(v, NULL, 0);
	else if (!strcmp(name, "count"))
		esp->count = strtoull(v, NULL, 0);
	else if (!strcmp(name, "seq"))
		esp->seq = strtoull(v, NULL, 0);
	else if (!strcmp(name, "osrc"))
		range_parse(v, &esp->osrc);
	else if (!strcmp(name, "odst"))
		range_parse(v, &esp->odst);
	else
		die("unknown --esp part: %s", name);
}

void esp_parse(struct esp_options *esp, char *arg)
{
	char *save;

	esp->on = true;
	for (char *tok = strtok_r(arg, ",", &save); tok; tok = strtok_r(NULL, ",", &save)) {
		char *v = strchr(tok, '=');

		if (v)
			*v++ = 0;
		if (!strcmp(tok, "natt"))
			esp->natt = true;
		else if (!strcmp(tok, "esn"))
			esp->esn = true;
		else
			esp_value_parse(esp, tok, v);
	}
	if (!esp->key_len)
		die("--esp needs key=");
	if (esp->osrc.family != esp->odst.family)
		die("outer addresses of two families");
	if (!esp->tunnels || !esp->count)
		die("--esp tunnels= and count= must not be zero");
}
