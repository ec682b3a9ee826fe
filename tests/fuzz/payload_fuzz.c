/* SPDX-License-Identifier: BSD-2-Clause */
/* Each payload parser alone: the first byte chooses it, the rest is the body. What is parsed and
 * emitted is parsed to the same and emitted to the same. */
#include "fuzz/fuzz.h"
#include "ike/id.h"
#include "ike/message.h"
#include "ike/ts.h"

#define ROOM 65536

static uint8_t first[ROOM], second[ROOM];

/* Parses the body and emits what it understood; false: refused. */
typedef int pass(struct reader body, struct payload_writer *pw);

static int sa_pass(struct reader body, struct payload_writer *pw)
{
	static struct sa_payload sa;
	char text[PROPOSAL_TEXT_MAX];
	struct proposal chosen;

	if (sa_parse(body, &sa) || !sa.n)
		return 0;
	proposal_print(&sa.proposals[0], text, sizeof(text));
	for (size_t i = 0; i < sa.n; i++)
		for (size_t j = 0; j < sa.proposals[i].n_transforms; j++)
			if (sa.proposals[i].transforms[j].is_odd)
				return 0;
	(void)!proposal_choose(sa.proposals, sa.n, sa.proposals, sa.n, &chosen);
	sa_emit(pw, sa.proposals, sa.n);
	return 1;
}

static int ke_pass(struct reader body, struct payload_writer *pw)
{
	struct ke ke;

	if (ke_parse(body, &ke))
		return 0;
	ke_emit(pw, &ke);
	return 1;
}

static int id_pass(struct reader body, struct payload_writer *pw)
{
	char text[ID_TEXT_MAX];
	struct id_view view;
	struct ike_id id;

	if (id_payload_parse(body, &view) || id_from_view(&view, &id))
		return 0;
	for (const char *c = id_print(&id, text, sizeof(text)); *c; c++)
		must(*c >= ' ' && *c <= '~');
	must(id_equal(&id, &id));
	id_payload_emit(pw, PL_IDI, &id);
	return 1;
}

static int auth_pass(struct reader body, struct payload_writer *pw)
{
	struct auth auth;

	if (auth_parse(body, &auth))
		return 0;
	auth_emit(pw, &auth);
	return 1;
}

static int notify_pass(struct reader body, struct payload_writer *pw)
{
	struct notify notify;

	if (notify_parse(body, &notify))
		return 0;
	(void)notify_child_spi(&notify);
	notify_emit(pw, &notify);
	return 1;
}

static int delete_pass(struct reader body, struct payload_writer *pw)
{
	static struct delete_payload d;

	if (delete_parse(body, &d))
		return 0;
	delete_emit(pw, d.protocol, d.spis, d.n_spis);
	return 1;
}

static int ts_pass(struct reader body, struct payload_writer *pw)
{
	static struct ts_list list;
	struct ts_val narrowed[SA_TS_MAX];
	char text[TS_TEXT_MAX];
	size_t n;

	if (ts_parse(body, &list) || !list.n)
		return 0;
	ts_list_print(list.ts, list.n, text, sizeof(text));
	/* a list narrowed by itself stays within itself and is not empty */
	must(ts_narrow(list.ts, list.n, list.ts, list.n, narrowed, SA_TS_MAX, &n) == 0);
	must(n > 0 && ts_all_within(narrowed, n, list.ts, list.n));
	ts_emit(pw, PL_TSI, list.ts, list.n);
	return 1;
}

static int cert_pass(struct reader body, struct payload_writer *pw)
{
	struct cert cert;

	if (cert_parse(body, &cert))
		return 0;
	cert_emit(pw, PL_CERT, &cert);
	return 1;
}

static int skf_pass(struct reader body, struct payload_writer *pw)
{
	struct skf skf;

	(void)pw;
	(void)!skf_parse(body, &skf);
	return 0;
}

static pass *const passes[] = {
	sa_pass,     ke_pass, id_pass,	 auth_pass, notify_pass,
	delete_pass, ts_pass, cert_pass, skf_pass,
};

/* Returns the body that was emitted, empty when it was refused. */
static struct reader run(pass *parser, struct reader body, uint8_t *buf)
{
	const struct ike_header header = { .spi_i = 1 };
	struct payload_writer pw;
	size_t len;

	message_start(&pw, buf, ROOM, &header);
	if (!parser(body, &pw))
		return rd_from(NULL, 0);
	must(message_finish(&pw, &len) == 0);
	return rd_from(buf + IKE_HEADER_LEN + 4, len - IKE_HEADER_LEN - 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > ROOM / 2)
		return 0;
	pass *parser = passes[data[0] % ARRAY_SIZE(passes)];
	uint8_t *copy = malloc(size); /* exactly as long: reads past the end are seen */
	must(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	struct reader once = run(parser, rd_from(copy, size - 1), first);
	if (once.at) {
		struct reader twice = run(parser, once, second);

		must(twice.at && rd_left(&once) == rd_left(&twice) &&
		     memcmp(once.at, twice.at, rd_left(&once)) == 0);
	}
	free(copy);
	return 0;
}
