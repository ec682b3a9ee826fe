/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from the configuration: proposals and identities. What is accepted is printed, read again
 * to the same, and survives the wire. */
#include <stdio.h>
#include "fuzz/fuzz.h"
#include "ike/id.h"
#include "ike/message.h"

#define TEXT_MAX 512

static void proposal_check(uint8_t protocol, const char *text)
{
	static struct sa_payload sa;
	static uint8_t buf[4096];
	const struct ike_header header = { .spi_i = 1 };
	char why[64], printed[PROPOSAL_TEXT_MAX];
	struct proposal p, again, chosen;
	struct payload_writer pw;
	size_t len;

	if (proposal_parse(protocol, text, &p, why, sizeof(why)))
		return;
	proposal_print(&p, printed, sizeof(printed));
	must(proposal_parse(protocol, printed, &again, why, sizeof(why)) == 0);
	must(again.n_transforms == p.n_transforms);
	if (protocol == PROTO_ESP)
		p.spi_len = 4;
	message_start(&pw, buf, sizeof(buf), &header);
	sa_emit(&pw, &p, 1);
	must(message_finish(&pw, &len) == 0);
	must(sa_parse(rd_from(buf + 32, len - 32), &sa) == 0 && sa.n == 1);
	must(proposal_choose(&again, 1, sa.proposals, 1, &chosen) == 0);
}

static void id_check(const char *text)
{
	char printed[ID_TEXT_MAX];
	struct ike_id id, again;
	const char *why;

	if (id_parse(text, &id, &why))
		return;
	must(id_match(&id, &id) > 0);
	must(id_parse(id_print(&id, printed, sizeof(printed)), &again, &why) == 0);
	must(id_equal(&id, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];

	if (size == 0 || size >= TEXT_MAX)
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)size - 1, (const char *)data + 1);
	if (data[0] % 3 == 0)
		id_check(text);
	else
		proposal_check(data[0] % 3 == 1 ? PROTO_IKE : PROTO_ESP, text);
	return 0;
}
