/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers of responders and CRL servers that are remembered: few, so a list does. */
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation_in.h"

void answer_fini(struct answer *a)
{
	X509_CRL_free(a->crl);
	*a = (struct answer){ 0 };
}

static bool is_like(const struct answer *a, const struct answer *like)
{
	return a->kind == like->kind && !strcmp(a->uri, like->uri) &&
	       !memcmp(a->id, like->id, sizeof(a->id));
}

static void answer_drop(struct answer **at)
{
	struct answer *gone = *at;

	*at = gone->next;
	answer_fini(gone);
	free(gone);
}

bool answer_find(struct revocations *all, const struct answer *like, struct answer *ret_answer)
{
	time_t now = time(NULL);
	bool is_found = false;

	pthread_mutex_lock(&all->lock);
	for (struct answer *a = all->answers; a && !is_found; a = a->next)
		if (is_like(a, like) && a->status.until > now) {
			*ret_answer = *a;
			if (a->crl)
				X509_CRL_up_ref(a->crl);
			is_found = true;
		}
	pthread_mutex_unlock(&all->lock);
	return is_found;
}

void answers_crls(struct revocations *all, const uint8_t issuer_id[32], STACK_OF(X509_CRL) * crls)
{
	size_t n = 0;

	pthread_mutex_lock(&all->lock);
	for (struct answer *a = all->answers; a && n < REVOCATION_DELEGATE_CRLS_MAX; a = a->next)
		if (a->crl && !memcmp(a->id, issuer_id, sizeof(a->id)) && X509_CRL_up_ref(a->crl)) {
			if (!sk_X509_CRL_push(crls, a->crl))
				X509_CRL_free(a->crl);
			n++;
		}
	pthread_mutex_unlock(&all->lock);
}

/* Those whose time is over, those of the same question, and as many more as the limits ask. */
static void make_room(struct revocations *all, const struct answer *coming)
{
	size_t n = 1, len = coming->len;
	time_t now = time(NULL);

	for (struct answer **at = &all->answers; *at;) {
		if ((*at)->status.until <= now || is_like(*at, coming)) {
			answer_drop(at);
			continue;
		}
		n++;
		len += (*at)->len;
		at = &(*at)->next;
	}
	while (all->answers && (n > REVOCATION_ANSWERS_MAX || len > REVOCATION_CRLS_LEN_MAX)) {
		struct answer **first = &all->answers;

		for (struct answer **at = first; *at; at = &(*at)->next)
			if ((*at)->status.until < (*first)->status.until)
				first = at;
		n--;
		len -= (*first)->len;
		answer_drop(first);
	}
}

void answer_keep(struct revocations *all, struct answer *answer)
{
	struct answer *kept = malloc(sizeof(*kept));

	if (!kept) {
		answer_fini(answer);
		return;
	}
	pthread_mutex_lock(&all->lock);
	make_room(all, answer);
	*kept = *answer;
	kept->next = all->answers;
	all->answers = kept;
	pthread_mutex_unlock(&all->lock);
}
