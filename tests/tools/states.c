/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the rows of the IKEv2 state machine as docs/states.md: scripts/states. */
#include <stdio.h>
#include <string.h>
#include "ike/child.h"
#include "ike/exchange.h"

static const char *const states[] = {
#define X(name, text) [ST_##name] = #name,
	IKE_STATES(X)
#undef X
};
static const char *const child_states[] = {
#define X(name, text) #name,
	CHILD_STATES(X)
#undef X
};
static const char *const child_events[] = {
#define X(name, text) text,
	CHILD_EVENTS(X)
#undef X
};

struct bit {
	uint64_t bit;
	const char *name;
};

static const struct bit bits[] = {
#define X(name, number, text) { P_##name, text },
	PAYLOADS(X)
#undef X
		{ HAS_ERROR, "error" },
	{ HAS_AUTH_FAILED, "N(AUTHENTICATION_FAILED)" },
	{ HAS_REKEY, "N(REKEY_SA)" },
	{ HAS_AGAIN, "N(COOKIE or INVALID_KE_PAYLOAD)" },
	{ HAS_DELETE_IKE, "D(IKE)" },
};

static void put_needs(uint64_t need)
{
	const char *comma = "";

	for (enum task_kind k = 0; k < TASK_COUNT; k++) {
		if (!(need & ON(k)))
			continue;
		printf("%sours: %s", comma, task_text(k));
		comma = ", ";
	}
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (!(need & bits[i].bit))
			continue;
		printf("%s%s", comma, bits[i].name);
		comma = ", ";
	}
}

static void put_from(uint32_t from)
{
	const char *comma = "";

	for (enum ike_state st = 0; st < ST_COUNT; st++) {
		if (!(from & (1u << st)))
			continue;
		printf("%s%s", comma, states[st]);
		comma = ", ";
	}
}

static void put_exchange(const struct exchange *ex)
{
	static const char *const roles[] = { "we start", "request", "response", "timeout" };

	printf("\n## %s\n\n| when | in state | with | what | then |\n|---|---|---|---|---|\n",
	       ex->name);
	for (const struct step *s = ex->steps; s < ex->steps + ex->n_steps; s++) {
		printf("| %s | ", roles[s->role]);
		put_from(s->from);
		printf(" | ");
		put_needs(s->need);
		printf(" | %s | %s |\n", s->story, s->to == ST_SAME ? "(stays)" : states[s->to]);
	}
}

static void put_children(void)
{
	enum child_state to;

	printf("\n## Child SAs\n\n| state | event | then |\n|---|---|---|\n");
	for (enum child_state from = 0; from < CHILD_STATE_COUNT; from++)
		for (enum child_event ev = 0; ev < CHILD_EVENT_COUNT; ev++)
			if (child_next_state(from, ev, &to) == 0)
				printf("| %s | %s | %s |\n", child_states[from], child_events[ev],
				       child_states[to]);
}

int main(void)
{
	printf("# States of the IKEv2 core\n\nMade by `scripts/states` from the rows in "
	       "`ctl/ike/ex_*.c` and `ctl/ike/child.c`; do not edit.\n");
	for (size_t i = 0; i < n_exchanges; i++)
		put_exchange(exchanges[i]);
	put_children();
	return 0;
}
