/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Manual keying for tests and bench: the maps of one instance, written and read by hand.
 * Not installed; `sekisho` is the tool for people.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dataplane/dataplane.h"
#include "ike/proposal.h"
#include <sekisho/esp.h>
#include <sekisho/ike_num.h>

static const char usage[] =
	"usage: sadctl [--instance NAME] COMMAND\n"
	"  create | unpin\n"
	"  sa-add in|out [src ADDR] dst ADDR spi NUM child NUM encr PROPOSAL\n"
	"         key HEX [auth HEX] [ah] [esn] [transport] [encap SPORT DPORT] [window NUM] [seq NUM] "
	"[ts LOCAL REMOTE]...\n"
	"         [soft PACKETS] [hard PACKETS] [expires SECONDS] [tfc BYTES]\n"
	"         [df-set] [df-clear] [dscp NUM] [dscp-in] [ecn-off] [mss-off]\n"
	"         PROPOSAL: aes128gcm16, aes128-sha256, ...; key: cipher key and salt; auth: that\n"
	"         of the integrity algorithm; ah: AH with that of null-sha256, ...; prints the index of the SA\n"
	"  sa-del SA | switch CHILD SA | sas\n"
	"  policy FILE [bypass|discard]   lines: protect|bypass|discard LOCAL REMOTE [proto N]\n"
	"         [lports A-B] [rports A-B] [child N]; '-' reads stdin; the default action last\n"
	"  counters\n";

#define POLICIES_MAX 16384
#define WORDS_MAX 16
#define LINE_MAX_BYTES 512

static int fail(const char *what, int r)
{
	fprintf(stderr, "sadctl: %s: %s\n", what, dp_explain(r));
	return 1;
}

static int bad(const char *what, const char *word)
{
	fprintf(stderr, "sadctl: %s: '%s'\n", what, word ? word : "(end)");
	return -EINVAL;
}

/* The words of a command, read one by one; NULL at the end. */
struct words {
	char **at;
	int n;
};

static const char *word_next(struct words *w)
{
	return w->n > 0 ? (w->n--, *w->at++) : NULL;
}

static bool word_is(struct words *w, const char *what)
{
	if (w->n < 1 || strcmp(*w->at, what) != 0)
		return false;
	word_next(w);
	return true;
}

static int word_number(struct words *w, unsigned long long max, unsigned long long *ret_number)
{
	const char *word = word_next(w);
	char *end;

	errno = 0;
	unsigned long long n = word ? strtoull(word, &end, 0) : 0;
	if (!word || errno || end == word || *end || n > max)
		return bad("not a number in range", word);
	*ret_number = n;
	return 0;
}

static int word_addr(struct words *w, struct ip_addr *ret_addr)
{
	const char *word = word_next(w);

	return word && !addr_parse(word, ret_addr) ? 0 : bad("not an address", word);
}

static int word_ts(struct words *w, struct ts_val *ret_ts)
{
	const char *word = word_next(w);

	*ret_ts = (struct ts_val){ .port_last = 65535 };
	return word && !addr_parse_range(word, &ret_ts->addr) ? 0 : bad("not a range", word);
}

static int word_ports(struct words *w, struct ts_val *ts)
{
	const char *word = word_next(w);
	int n = word ? sscanf(word, "%hu-%hu", &ts->port_first, &ts->port_last) : 0;

	if (n == 1)
		ts->port_last = ts->port_first;
	return n >= 1 ? 0 : bad("not a port range", word);
}

static int word_key(struct words *w, uint8_t key[SA_SECRET_MAX], uint16_t *ret_len)
{
	const char *word = word_next(w);
	size_t n = word ? strlen(word) / 2 : 0;

	if (!word || strlen(word) % 2 || n > SA_SECRET_MAX)
		return bad("not a key", word);
	for (size_t i = 0; i < n; i++)
		if (sscanf(word + 2 * i, "%2hhx", &key[i]) != 1)
			return bad("not a key", word);
	*ret_len = (uint16_t)n;
	return 0;
}

/* As in a configuration: the first algorithm of each type is taken. */
static int word_encr(struct words *w, struct sa_val *val)
{
	const char *word = word_next(w);
	struct proposal p;
	char why[200];

	if (!word || proposal_parse(PROTO_ESP, word, &p, why, sizeof(why)))
		return bad("not an ESP proposal", word);
	const struct transform *encr = proposal_get(&p, TRANSFORM_ENCR);
	const struct transform *integ = proposal_get(&p, TRANSFORM_INTEG);
	val->encr = encr->id;
	val->key_bits = encr->key_bits;
	val->integ = integ ? integ->id : INTEG_NONE;
	return 0;
}

static int word_encap(struct words *w, struct sa_val *val)
{
	unsigned long long sport, dport;

	if (word_number(w, 65535, &sport) || word_number(w, 65535, &dport))
		return -EINVAL;
	val->flags |= SA_ENCAP;
	val->encap_sport = (uint16_t)sport;
	val->encap_dport = (uint16_t)dport;
	return 0;
}

static int add_ts(struct words *w, struct sa_ts *ts)
{
	if (ts->n_local == SA_TS_MAX)
		return bad("too many selectors", NULL);
	if (word_ts(w, &ts->local[ts->n_local++]) || word_ts(w, &ts->remote[ts->n_remote++]))
		return -EINVAL;
	return 0;
}

static uint64_t boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What needs no value. */
static bool sa_flag(struct words *w, struct sa_val *val)
{
	static const struct {
		const char *word;
		uint8_t flag;
	} flags[] = {
		{ "esn", SA_ESN },	   { "df-set", SA_DF_SET },   { "df-clear", SA_DF_CLEAR },
		{ "dscp-in", SA_DSCP_IN }, { "ecn-off", SA_ECN_OFF },
		{ "mss-off", SA_MSS_OFF },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (word_is(w, flags[i].word)) {
			val->flags |= flags[i].flag;
			return true;
		}
	return false;
}

static int sa_option(struct words *w, struct sad_sa *sa, uint64_t *ret_seq)
{
	unsigned long long n = 0;
	int r = 0;

	if (word_is(w, "src"))
		return word_addr(w, &sa->val.src);
	if (word_is(w, "dst"))
		return word_addr(w, &sa->val.dst);
	if (word_is(w, "encr"))
		return word_encr(w, &sa->val);
	if (word_is(w, "key"))
		return word_key(w, sa->secret.enc, &sa->secret.enc_len);
	if (word_is(w, "auth"))
		return word_key(w, sa->secret.auth, &sa->secret.auth_len);
	if (word_is(w, "encap"))
		return word_encap(w, &sa->val);
	if (word_is(w, "ts"))
		return add_ts(w, &sa->ts);
	if (sa_flag(w, &sa->val))
		return 0;
	if (word_is(w, "ah"))
		sa->val.proto = IPPROTO_NUM_AH;
	else if (word_is(w, "transport"))
		sa->val.mode = SA_TRANSPORT;
	else if (word_is(w, "spi"))
		r = word_number(w, 0xffffffff, &n), sa->val.spi = (uint32_t)n;
	else if (word_is(w, "child"))
		r = word_number(w, CHILD_MAX - 1, &n), sa->val.child = (uint32_t)n;
	else if (word_is(w, "window"))
		r = word_number(w, SA_WINDOW_MAX, &n), sa->val.window = (uint32_t)n;
	else if (word_is(w, "tfc"))
		r = word_number(w, UINT16_MAX, &n), sa->val.tfc = (uint16_t)n;
	else if (word_is(w, "dscp"))
		r = word_number(w, 63, &n), sa->val.dscp = (uint8_t)n, sa->val.flags |= SA_DSCP_FIXED;
	else if (word_is(w, "soft"))
		r = word_number(w, ~0ull, &n), sa->val.soft_packets = n;
	else if (word_is(w, "hard"))
		r = word_number(w, ~0ull, &n), sa->val.hard_packets = n;
	else if (word_is(w, "soft-bytes"))
		r = word_number(w, ~0ull, &n), sa->val.soft_bytes = n;
	else if (word_is(w, "hard-bytes"))
		r = word_number(w, ~0ull, &n), sa->val.hard_bytes = n;
	else if (word_is(w, "expires"))
		r = word_number(w, UINT32_MAX, &n), sa->val.hard_ns = boot_ns() + n * 1000000000;
	else if (word_is(w, "seq"))
		r = word_number(w, ~0ull, &n), *ret_seq = n;
	else
		r = bad("unknown word", word_next(w));
	return r;
}

static int parse_sa(struct words *w, struct sad_sa *sa, uint64_t *ret_seq)
{
	sa->val = (struct sa_val){ .mode = SA_TUNNEL, .proto = IPPROTO_NUM_ESP, .window = 64 };
	if (word_is(w, "in"))
		sa->val.dir = SA_IN;
	else if (word_is(w, "out"))
		sa->val.dir = SA_OUT;
	else
		return bad("in or out", word_next(w));
	while (w->n)
		if (sa_option(w, sa, ret_seq))
			return -EINVAL;
	if (sa->val.proto == IPPROTO_NUM_AH)
		sa->val.encr = 0;
	if (!sa->ts.n_local) { /* anything */
		char any[] = "0.0.0.0/0", *both[] = { any, any };
		struct words all = { both, 2 };
		return add_ts(&all, &sa->ts);
	}
	return 0;
}

static int sa_add(struct dataplane *dp, struct words *w)
{
	struct sad_sa sa = { 0 };
	uint64_t seq = 0;
	uint32_t index;

	if (parse_sa(w, &sa, &seq))
		return 2;
	int r = sad_alloc(dp, &index);
	if (!r)
		r = sad_add(dp, index, &sa);
	explicit_bzero(&sa.secret, sizeof(sa.secret));
	if (r)
		return fail("sa-add", r);
	dp_sa_hot(dp)[index].seq = seq;
	printf("%u\n", index);
	return 0;
}

static int sa_del(struct dataplane *dp, struct words *w)
{
	unsigned long long sa;

	if (word_number(w, SA_MAX - 1, &sa))
		return 2;
	int r = sad_delete(dp, (uint32_t)sa);
	return r ? fail("sa-del", r) : 0;
}

static int switch_child(struct dataplane *dp, struct words *w)
{
	unsigned long long child, sa;

	if (word_number(w, CHILD_MAX - 1, &child) || word_number(w, SA_MAX - 1, &sa))
		return 2;
	int r = spd_switch(dp, (uint32_t)child, (uint32_t)sa);
	return r ? fail("switch", r) : 0;
}

static int word_action(struct words *w, enum spd_action *ret_action)
{
	if (word_is(w, "protect"))
		*ret_action = SPD_PROTECT;
	else if (word_is(w, "bypass"))
		*ret_action = SPD_BYPASS;
	else if (word_is(w, "discard"))
		*ret_action = SPD_DISCARD;
	else
		return bad("protect, bypass or discard", word_next(w));
	return 0;
}

static int parse_policy(struct words *w, struct spd_policy *p)
{
	unsigned long long n;
	int r = 0;

	*p = (struct spd_policy){ 0 };
	if (word_action(w, &p->action) || word_ts(w, &p->local) || word_ts(w, &p->remote))
		return -EINVAL;
	while (!r && w->n) {
		if (word_is(w, "proto"))
			r = word_number(w, 255, &n), p->local.proto = p->remote.proto = (uint8_t)n;
		else if (word_is(w, "lports"))
			r = word_ports(w, &p->local);
		else if (word_is(w, "rports"))
			r = word_ports(w, &p->remote);
		else if (word_is(w, "child"))
			r = word_number(w, CHILD_MAX - 1, &n), p->child = (uint32_t)n;
		else
			r = bad("unknown word", word_next(w));
	}
	return r;
}

/* Returns the number of policies, or -EINVAL. */
static int read_policies(FILE *f, struct spd_policy *ret_policies)
{
	char line[LINE_MAX_BYTES], *words[WORDS_MAX];
	int n = 0;

	while (fgets(line, sizeof(line), f)) {
		int n_words = 0;
		for (char *at = strtok(line, " \t\n"); at && *at != '#' && n_words < WORDS_MAX;
		     at = strtok(NULL, " \t\n"))
			words[n_words++] = at;
		struct words w = { words, n_words };
		if (!n_words)
			continue;
		if (n == POLICIES_MAX || parse_policy(&w, &ret_policies[n++]))
			return -EINVAL;
	}
	return n;
}

static int policy(struct dataplane *dp, struct words *w)
{
	const char *name = word_next(w);
	FILE *f = !name ? NULL : strcmp(name, "-") ? fopen(name, "r") : stdin;
	struct spd_policy *list = calloc(POLICIES_MAX, sizeof(*list));
	enum spd_action default_action = SPD_BYPASS;
	int r = f && list ? read_policies(f, list) : -ENOENT;

	if (r >= 0 && w->n && word_action(w, &default_action))
		r = -EINVAL;
	if (r >= 0)
		r = spd_replace(dp, list, (size_t)r, default_action);
	if (f && f != stdin)
		fclose(f);
	free(list);
	return r ? fail("policy", r) : 0;
}

static int print_sa(uint32_t sa, const struct sad_key *key, const struct sa_val *val,
		    const struct sa_ts *ts, const struct sa_hot *hot, void *arg)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
	const struct dataplane *dp = arg;

	(void)ts;
	printf("sa %u %s %s -> %s spi 0x%08x child %u seq %llu packets %llu bytes %llu "
	       "replayed %llu bad_icv %llu mismatched %llu%s\n",
	       sa, val->dir == SA_IN ? "in" : "out", addr_print(&val->src, src, sizeof(src)),
	       addr_print(&val->dst, dst, sizeof(dst)), key->spi, val->child,
	       (unsigned long long)hot->seq, (unsigned long long)hot->packets,
	       (unsigned long long)hot->bytes, (unsigned long long)hot->replayed,
	       (unsigned long long)hot->bad_icv, (unsigned long long)hot->mismatched,
	       dp_child_out(dp)[val->child] == sa ? " in-use" : "");
	return 0;
}

static void print_count(const char *who, const char *name, uint64_t n)
{
	if (n)
		printf("%s.%s %llu\n", who, name, (unsigned long long)n);
}

static int print_counters(struct dataplane *dp)
{
	uint64_t gate[GATE_OUTCOME_COUNT], worker[WORKER_OUTCOME_COUNT];
	int r = counters_gate(dp, gate);

	if (!r)
		r = counters_worker(dp, worker);
	if (r)
		return fail("counters", r);
	for (int i = 0; i < GATE_OUTCOME_COUNT; i++)
		print_count("gate", counters_gate_name(i), gate[i]);
	for (int i = 0; i < WORKER_OUTCOME_COUNT; i++)
		print_count("worker", counters_worker_name(i), worker[i]);
	return 0;
}

static int on_maps(struct dataplane *dp, struct words *w)
{
	if (word_is(w, "sa-add"))
		return sa_add(dp, w);
	if (word_is(w, "sa-del"))
		return sa_del(dp, w);
	if (word_is(w, "switch"))
		return switch_child(dp, w);
	if (word_is(w, "sas"))
		return sad_each(dp, print_sa, dp) ? 1 : 0;
	if (word_is(w, "policy"))
		return policy(dp, w);
	if (word_is(w, "counters"))
		return print_counters(dp);
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct words w = { argv + 1, argc - 1 };
	const char *instance = word_is(&w, "--instance") ? word_next(&w) : NULL;
	struct dataplane *dp = NULL;
	int r;

	if (!w.n) {
		fputs(usage, stderr);
		return 2;
	}
	if (word_is(&w, "unpin"))
		return (r = dp_unpin(instance)) ? fail("unpin", r) : 0;
	bool is_create = word_is(&w, "create");
	r = is_create ? dp_create(instance, &dp) : dp_open(instance, true, &dp);
	if (r)
		return fail(instance ? instance : "default instance", r);
	r = is_create ? 0 : on_maps(dp, &w);
	dp_close(dp);
	return r;
}
