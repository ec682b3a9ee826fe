/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine as a graph: its rows are checked, not its behaviour. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "ike/exchange.h"

struct walk {
	const struct exchange *ex;
	const struct step *step;
};

#define ROWS_MAX 128
static struct walk rows[ROWS_MAX];
static size_t n_rows;

static int collect(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_exchanges; i++)
		for (size_t j = 0; j < exchanges[i]->n_steps && n_rows < ROWS_MAX; j++)
			rows[n_rows++] = (struct walk){ exchanges[i], &exchanges[i]->steps[j] };
	assert_true(n_rows < ROWS_MAX);
	return 0;
}

/* START and TIMEOUT rows are looked for in all exchanges, the others in that of the message. */
static bool compete(const struct walk *a, const struct walk *b)
{
	bool is_global = a->step->role == STEP_START || a->step->role == STEP_TIMEOUT;

	return a->step->role == b->step->role && (a->step->from & b->step->from) &&
	       (is_global || a->ex == b->ex);
}

static bool is_fed_by_one_task(uint64_t shape)
{
	uint64_t tasks = shape & ON_ANY;

	return (tasks & (tasks - 1)) == 0;
}

/* The smallest shape that both need; does each allow it? */
static bool overlap(const struct step *a, const struct step *b)
{
	uint64_t both = a->need | b->need;

	return is_fed_by_one_task(both) && !(both & ~(a->need | a->may)) &&
	       !(both & ~(b->need | b->may));
}

static void no_two_rows_take_the_same_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		for (size_t j = i + 1; j < n_rows; j++) {
			if (!compete(&rows[i], &rows[j]) || !overlap(rows[i].step, rows[j].step))
				continue;
			fail_msg("%s: '%s' and '%s' take the same message", rows[i].ex->name,
				 rows[i].step->story, rows[j].step->story);
		}
	}
}

static void every_row_takes_its_own_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		const struct step *s = rows[i].step;

		for (enum ike_state st = 0; st < ST_COUNT; st++) {
			if (!(s->from & (1u << st)))
				continue;
			assert_true(step_fits(s, s->role, st, s->need));
			assert_true(step_fits(s, s->role, st, s->need | (s->may & ~ON_ANY)));
		}
		assert_non_null(s->run);
		assert_true(s->story && s->story[0]);
	}
}

static uint32_t reachable(void)
{
	uint32_t seen = IN(NONE), before;

	do {
		before = seen;
		for (size_t i = 0; i < n_rows; i++)
			if ((rows[i].step->from & seen) && rows[i].step->to != ST_SAME)
				seen |= 1u << rows[i].step->to;
	} while (seen != before);
	return seen;
}

static void every_state_is_reached_and_left(void **state)
{
	uint32_t seen = reachable();

	(void)state;
	for (enum ike_state st = 0; st < ST_GONE; st++) {
		bool is_left = st == ST_CLOSED; /* by its timer: exchange_expire() */

		if (!(seen & (1u << st)))
			fail_msg("state %d is never reached", (int)st);
		for (size_t i = 0; i < n_rows; i++)
			is_left |= (rows[i].step->from & (1u << st)) &&
				   rows[i].step->to != ST_SAME && rows[i].step->to != st;
		if (!is_left)
			fail_msg("state %d is never left", (int)st);
	}
}

/* Where a row arms a timer, the state that it leads to has a row for its end. */
static void every_timer_has_a_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		const struct step *s = rows[i].step;
		bool is_there = s->timer == TM_NONE || s->timer == TM_CLOSED;

		for (size_t j = 0; j < n_rows && !is_there; j++) {
			uint32_t to = s->to == ST_SAME ? s->from : 1u << s->to;

			is_there = rows[j].step->role == STEP_TIMEOUT &&
				   (rows[j].step->from & to) == to;
		}
		if (!is_there)
			fail_msg("%s: '%s' arms a timer without a row", rows[i].ex->name, s->story);
	}
}

static void every_task_has_a_start(void **state)
{
	(void)state;
	for (enum task_kind k = 0; k < TASK_COUNT; k++) {
		bool is_there = false;

		assert_non_null(task_text(k));
		for (size_t i = 0; i < n_rows; i++)
			is_there |= rows[i].step->role == STEP_START && rows[i].step->need == ON(k);
		if (!is_there)
			fail_msg("nothing starts '%s'", task_text(k));
	}
}

static void child_states_are_reached_and_left(void **state)
{
	uint32_t seen = 1u << CHILD_NEW, left = 0;
	enum child_state to;

	(void)state;
	for (int round = 0; round < CHILD_STATE_COUNT; round++) {
		for (enum child_state from = 0; from < CHILD_STATE_COUNT; from++) {
			for (enum child_event ev = 0; ev < CHILD_EVENT_COUNT; ev++) {
				if (!(seen & (1u << from)) || child_next_state(from, ev, &to))
					continue;
				seen |= 1u << to;
				left |= to != from ? 1u << from : 0;
			}
		}
	}
	assert_int_equal(seen, (1u << CHILD_STATE_COUNT) - 1);
	assert_int_equal(left, ((1u << CHILD_STATE_COUNT) - 1) & ~(1u << CHILD_GONE));
}

static void what_a_child_is_dropped_in_is_final(void **state)
{
	enum child_state to = CHILD_NEW;

	(void)state;
	for (enum child_state from = 0; from < CHILD_GONE; from++) {
		assert_int_equal(child_next_state(from, CHILD_ON_DROP, &to), 0);
		assert_int_equal(to, CHILD_GONE);
	}
	for (enum child_event ev = 0; ev < CHILD_EVENT_COUNT; ev++)
		assert_true(child_next_state(CHILD_GONE, ev, &to) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_rows_take_the_same_message),
		cmocka_unit_test(every_row_takes_its_own_message),
		cmocka_unit_test(every_state_is_reached_and_left),
		cmocka_unit_test(every_timer_has_a_row),
		cmocka_unit_test(every_task_has_a_start),
		cmocka_unit_test(child_states_are_reached_and_left),
		cmocka_unit_test(what_a_child_is_dropped_in_is_final),
	};

	return cmocka_run_group_tests(tests, collect, NULL);
}
