/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a method of authentication does in IKE_AUTH, and what auth.c has for all of them. A NULL
 * among the operations: there is nothing of the kind; without check() nobody gets in.
 */
#ifndef IKE_AUTH_OPS_H
#define IKE_AUTH_OPS_H

#include "ike/auth.h"
#include "ike/auth_job.h"

#define CERTREQ_IDS_MAX 64 /* CAs in one CERTREQ: IKE_SA_INIT has to stay small */

struct certreq {
	bool is_raw; /* raw public keys, too */
	size_t n;
	uint8_t ids[CERTREQ_IDS_MAX * CA_ID_LEN];
};

struct auth_ops {
	void (*certs_emit)(struct turn *t); /* CERT payloads */
	void (*certreq_add)(struct certreq *req, const struct conn *conn);
	/* The slow halves. STEP_NEXT: the job is filled in. STEP_FAIL: it cannot be. */
	enum step_result (*check_begin)(struct turn *t, const struct id_view *theirs,
					struct auth_job *job);
	enum step_result (*make_begin)(struct turn *t, struct auth_job *job);
	/* The peer's AUTH, of one of our numbers. STEP_NEXT: it is who it says. */
	enum step_result (*check)(struct turn *t, const struct id_view *theirs);
	/* Ours, or what stands in its place. */
	enum step_result (*emit)(struct turn *t);
};

/* ---- What is signed, 2.15 ---------------------------------------------------------- */

enum auth_whose {
	THEIRS,
	OURS,
	OURS_NO_PPK, /* RFC 8784: the initiator signs both ways, until it knows */
};

struct to_sign {
	struct signed_octets octets; /* its last part points into int_auth */
	uint8_t int_auth[INT_AUTH_MAX];
};

/* Secret: wipe it. */
int auth_signed_octets(struct ike_sa *sa, enum auth_whose whose, struct reader id_body,
		       struct to_sign *ret) MUST_USE;

/* ---- The AUTH payload and its notifies --------------------------------------------- */

/* RFC 8784 3.1: without PPK it is what NO_PPK_AUTH says, of the method of AUTH. */
struct reader auth_theirs(const struct turn *t);
/* We would do without the PPK, too. */
bool auth_says_no_ppk(const struct ike_sa *sa);
/* AUTH of this number; what it would be without the PPK, or empty. */
void auth_send(struct turn *t, uint8_t number, struct reader data, struct reader no_ppk);

#endif
