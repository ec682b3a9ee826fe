/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is asked, in strongSwan's order: what is remembered, then each OCSP responder, then the CRLs
 * that are here, then each that can be fetched; of both those of our authorities first, then
 * those that the certificate names. The path is walked downwards: whom a revoked CA has signed
 * is asked nothing.
 */
#include "crypto/revocation.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "crypto/digest.h"
#include "crypto/revocation_in.h"

/* ---- What is known ------------------------------------------------------------------- */

struct revocations *revocations_new(void)
{
	struct revocations *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->refs = 1;
	all->crls = sk_X509_CRL_new_null();
	if (all->crls && !pthread_mutex_init(&all->lock, NULL))
		return all;
	sk_X509_CRL_free(all->crls);
	free(all);
	return NULL;
}

struct revocations *revocations_ref(struct revocations *all)
{
	if (all)
		all->refs++;
	return all;
}

void revocations_free(struct revocations *all)
{
	if (!all || --all->refs)
		return;
	for (size_t i = 0; i < all->n_uris; i++)
		x509_free(all->uris[i].ca);
	while (all->answers) {
		struct answer *a = all->answers;

		all->answers = a->next;
		answer_fini(a);
		free(a);
	}
	sk_X509_CRL_pop_free(all->crls, X509_CRL_free);
	pthread_mutex_destroy(&all->lock);
	free(all->uris);
	free(all);
}

int revocations_add_crl(struct revocations *all, struct reader file)
{
	X509_CRL *crl = crl_read(file);

	if (!crl)
		return -EBADMSG;
	if (sk_X509_CRL_push(all->crls, crl))
		return 0;
	X509_CRL_free(crl);
	return -ENOMEM;
}

static bool is_http(const char *uri)
{
	return !strncasecmp(uri, "http://", 7) || !strncasecmp(uri, "https://", 8);
}

int revocations_add_uri(struct revocations *all, struct x509 *ca, enum fetch_kind kind,
			const char *uri)
{
	struct authority_uri *uris;

	if (!is_http(uri) || strlen(uri) >= URI_MAX)
		return -EINVAL;
	uris = realloc(all->uris, (all->n_uris + 1) * sizeof(*uris));
	if (!uris)
		return -ENOMEM;
	all->uris = uris;
	uris += all->n_uris++;
	*uris = (struct authority_uri){ .ca = x509_ref(ca), .kind = kind };
	snprintf(uris->uri, sizeof(uris->uri), "%s", uri);
	return 0;
}

/* ---- Where to ask --------------------------------------------------------------------- */

struct uris {
	char uri[URIS_MAX][URI_MAX];
	size_t n;
};

/* What is no address for us (ldap://, a control character) is as if it were not there. */
static void uri_add(struct uris *uris, const char *text, size_t len)
{
	char uri[URI_MAX];

	if (uris->n == URIS_MAX || len >= URI_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return;
	memcpy(uri, text, len);
	uri[len] = '\0';
	for (size_t i = 0; i < uris->n; i++)
		if (!strcmp(uris->uri[i], uri))
			return;
	if (is_http(uri))
		memcpy(uris->uri[uris->n++], uri, len + 1);
}

static void uris_of_ocsp(struct uris *uris, X509 *cert)
{
	STACK_OF(OPENSSL_STRING) *list = X509_get1_ocsp(cert);

	for (int i = 0; i < sk_OPENSSL_STRING_num(list); i++) {
		const char *uri = sk_OPENSSL_STRING_value(list, i);

		uri_add(uris, uri, strlen(uri));
	}
	X509_email_free(list);
}

static void uris_of_point(struct uris *uris, const DIST_POINT *point)
{
	if (!point->distpoint || point->distpoint->type != 0 || point->CRLissuer)
		return; /* relative names and CRLs of somebody else are not supported */
	for (int i = 0; i < sk_GENERAL_NAME_num(point->distpoint->name.fullname); i++) {
		const GENERAL_NAME *name =
			sk_GENERAL_NAME_value(point->distpoint->name.fullname, i);

		if (name->type == GEN_URI)
			uri_add(uris,
				(const char *)ASN1_STRING_get0_data(
					name->d.uniformResourceIdentifier),
				(size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier));
	}
}

static void uris_of_crls(struct uris *uris, X509 *cert)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		uris_of_point(uris, sk_DIST_POINT_value(points, i));
	CRL_DIST_POINTS_free(points);
}

static struct uris uris_of(const struct revocations *all, const struct issued *who,
			   enum fetch_kind kind)
{
	struct uris uris = { .n = 0 };

	for (size_t i = 0; i < all->n_uris; i++)
		if (all->uris[i].kind == kind &&
		    x509_equal(all->uris[i].ca, (const struct x509 *)who->issuer))
			uri_add(&uris, all->uris[i].uri, strlen(all->uris[i].uri));
	if (kind == FETCH_OCSP)
		uris_of_ocsp(&uris, who->cert);
	else
		uris_of_crls(&uris, who->cert);
	ERR_clear_error();
	return uris;
}

/* ---- What was fetched ------------------------------------------------------------------ */

static const uint8_t *id_of(enum fetch_kind kind, const struct issued *who)
{
	return kind == FETCH_CRL ? who->issuer_id : who->id;
}

static struct answer question(enum fetch_kind kind, const char *uri, const struct issued *who)
{
	struct answer a = { .kind = kind };

	snprintf(a.uri, sizeof(a.uri), "%s", uri);
	memcpy(a.id, id_of(kind, who), sizeof(a.id));
	return a;
}

static void take_crl(struct answer *a, struct reader bytes, const struct issued *who)
{
	X509_CRL *crl = crl_read(bytes);

	if (!crl)
		snprintf(a->status.why, sizeof(a->status.why), "not a CRL");
	else if (!crl_is_good(crl, who->issuer, &a->status.until))
		snprintf(a->status.why, sizeof(a->status.why), "not a CRL of the issuer");
	else {
		a->crl = crl;
		a->len = rd_left(&bytes);
		return;
	}
	X509_CRL_free(crl);
}

static STACK_OF(X509_CRL) * crls_at_hand(struct revocations *all, const struct issued *who)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();

	for (int i = 0; crls && i < sk_X509_CRL_num(all->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(all->crls, i);

		if (X509_CRL_up_ref(crl) && !sk_X509_CRL_push(crls, crl))
			X509_CRL_free(crl);
	}
	if (crls)
		answers_crls(all, who->issuer_id, crls);
	return crls;
}

static void take_ocsp(struct revocations *all, struct answer *a, const struct fetch *f,
		      const struct issued *who)
{
	STACK_OF(X509_CRL) *crls = crls_at_hand(all, who);

	if (crls)
		a->status = ocsp_answer(rd_from(f->answer, f->answer_len),
					rd_from(f->request, f->request_len), who, crls);
	else
		snprintf(a->status.why, sizeof(a->status.why), "no memory");
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
}

/* Of what was asked for `who`, or of another certificate: false. */
static bool take_fetch(struct revocations *all, const struct issued *who, struct fetch *f)
{
	struct answer a = question(f->kind, f->uri, who);
	time_t soon = time(NULL) + REVOCATION_FAILED_S;

	if (f->kind == FETCH_NONE ||
	    memcmp(f->for_what, id_of(f->kind, who), sizeof(f->for_what)))
		return false;
	if (f->is_refused)
		return true;
	if (*f->why)
		memcpy(a.status.why, f->why, sizeof(a.status.why));
	else if (f->kind == FETCH_OCSP)
		take_ocsp(all, &a, f, who);
	else
		take_crl(&a, rd_from(f->answer, f->answer_len), who);
	if (a.status.until < soon)
		a.status.until = soon;
	answer_keep(all, &a);
	return true;
}

static void fetch_fini(struct fetch *f)
{
	free(f->request);
	free(f->answer);
	*f = (struct fetch){ .kind = FETCH_NONE };
}

void revocation_check_fini(struct revocation_check *check)
{
	fetch_fini(&check->fetch);
}

/* ---- One certificate ------------------------------------------------------------------- */

/* What has come out so far, and its line. */
struct verdict {
	enum status what;
	bool is_missing; /* check->fetch says what */
	bool has_uri;
	struct cert_status status;
	char by[URI_MAX + 32];
	char tried[320]; /* "OCSP http://...: timed out; " */
};

static void tried(struct verdict *v, const char *what, const char *uri, const char *why)
{
	size_t len = strlen(v->tried);

	snprintf(v->tried + len, sizeof(v->tried) - len, "%s%s%s%.100s: %s", len ? "; " : "", what,
		 *uri ? " " : "", uri, why);
}

static void decided(struct verdict *v, const struct cert_status *status, const char *what,
		    const char *uri)
{
	v->what = status->what;
	v->status = *status;
	snprintf(v->by, sizeof(v->by), "%s%s%s", what, *uri ? " " : "", uri);
}

/* false: one more fetch would be too many. */
static bool ask(struct revocation_check *check, enum fetch_kind kind, const char *uri,
		const struct issued *who)
{
	struct fetch *f = &check->fetch;

	if (check->is_over || check->n_fetches == REVOCATION_FETCHES_MAX)
		return false;
	fetch_fini(f);
	if (kind == FETCH_OCSP && ocsp_request(who, &f->request, &f->request_len))
		return false;
	check->n_fetches++;
	f->kind = kind;
	snprintf(f->uri, sizeof(f->uri), "%s", uri);
	memcpy(f->for_what, id_of(kind, who), sizeof(f->for_what));
	return true;
}

static void by_ocsp(struct revocations *all, const struct issued *who, struct verdict *v,
		    struct revocation_check *check)
{
	struct uris uris = uris_of(all, who, FETCH_OCSP);

	v->has_uri |= uris.n > 0;
	for (size_t i = 0; i < uris.n && v->what == STATUS_NONE && !v->is_missing; i++) {
		struct answer like = question(FETCH_OCSP, uris.uri[i], who), a;

		if (answer_find(all, &like, &a)) {
			if (a.status.what == STATUS_NONE)
				tried(v, "OCSP", uris.uri[i], a.status.why);
			else
				decided(v, &a.status, "OCSP", uris.uri[i]);
			answer_fini(&a);
			continue;
		}
		v->is_missing = ask(check, FETCH_OCSP, uris.uri[i], who);
		if (!v->is_missing)
			tried(v, "OCSP", uris.uri[i], "not asked (no time or room)");
	}
}

static bool is_decided(struct verdict *v, STACK_OF(X509_CRL) * crls, const struct issued *who,
		       const char *uri)
{
	struct cert_status s = { .what = STATUS_NONE };

	if (sk_X509_CRL_num(crls) > 0)
		s = crl_status(crls, who);
	if (s.what == STATUS_GOOD || s.what == STATUS_REVOKED)
		decided(v, &s, "CRL", uri);
	else if (sk_X509_CRL_num(crls) > 0)
		tried(v, "CRL", uri, s.why);
	return v->what != STATUS_NONE;
}

static void by_crls(struct revocations *all, const struct issued *who, struct verdict *v,
		    struct revocation_check *check)
{
	struct uris uris = uris_of(all, who, FETCH_CRL);

	v->has_uri |= uris.n > 0;
	if (is_decided(v, all->crls, who, ""))
		return;
	for (size_t i = 0; i < uris.n && v->what == STATUS_NONE && !v->is_missing; i++) {
		struct answer like = question(FETCH_CRL, uris.uri[i], who), a;
		STACK_OF(X509_CRL) *one = NULL;

		if (!answer_find(all, &like, &a)) {
			v->is_missing = ask(check, FETCH_CRL, uris.uri[i], who);
			if (!v->is_missing)
				tried(v, "CRL", uris.uri[i], "not fetched (no time or room)");
			continue;
		}
		one = sk_X509_CRL_new_null();
		if (!a.crl)
			tried(v, "CRL", uris.uri[i], a.status.why);
		else if (one && sk_X509_CRL_push(one, a.crl))
			(void)is_decided(v, one, who, uris.uri[i]);
		sk_X509_CRL_free(one);
		answer_fini(&a);
	}
}

/* ---- In words -------------------------------------------------------------------------- */

static const char *when(time_t t, char buf[32])
{
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm) || !strftime(buf, 32, "%F %TZ", &tm))
		return "a time it does not say";
	return buf;
}

static const char *reason_text(int reason)
{
	static const char *const texts[] = {
		"no reason said",   "key compromise",
		"CA compromise",    "affiliation changed",
		"superseded",	    "cessation of operation",
		"on hold",	    "no reason said",
		"removed from CRL", "privilege withdrawn",
		"AA compromise",
	};

	return reason >= 0 && (size_t)reason < ARRAY_SIZE(texts) ? texts[reason] : texts[0];
}

static void note(struct revocation_check *check, const char *name, const struct verdict *v)
{
	size_t len = strlen(check->notes);
	char until[32];

	snprintf(check->notes + len, sizeof(check->notes) - len,
		 "revocation of '%.120s': %s%s%s%s%s%s%s\n", name, v->tried, *v->tried ? "; " : "",
		 v->what == STATUS_GOOD	     ? "good by "
		 : v->what == STATUS_REVOKED ? "revoked by "
		 : v->has_uri		     ? "not known"
					     : "not known, nobody to ask",
		 v->by, v->status.until ? " (until " : "",
		 v->status.until ? when(v->status.until, until) : "", v->status.until ? ")" : "");
}

static const char *const policies[] = {
	[REVOCATION_RELAXED] = "relaxed",
	[REVOCATION_IFURI] = "ifuri",
	[REVOCATION_STRICT] = "strict",
};

/* What the policy makes of it. */
static int judge(enum revocation policy, const char *name, const struct verdict *v,
		 struct revocation_check *check)
{
	char at[32];

	if (v->what == STATUS_GOOD)
		return 0;
	if (v->what == STATUS_REVOKED) {
		snprintf(check->why, sizeof(check->why),
			 "certificate '%.120s' is revoked since %s (%s), by %.240s", name,
			 when(v->status.revoked_at, at), reason_text(v->status.reason), v->by);
		return -EPERM;
	}
	if (policy == REVOCATION_RELAXED || (policy == REVOCATION_IFURI && !v->has_uri))
		return 0;
	snprintf(check->why, sizeof(check->why),
		 "whether certificate '%.120s' is revoked is not known, and revocation = %s asks "
		 "for "
		 "it (%s)",
		 name, policies[policy], *v->tried ? v->tried : "no OCSP responder, no CRL");
	return -EPERM;
}

static int check_one(struct revocations *all, enum revocation policy, const struct issued *who,
		     struct revocation_check *check)
{
	struct verdict v = { .what = STATUS_NONE };
	char name[CERT_TEXT_MAX];

	check->is_over |= check->fetch.is_refused;
	if (take_fetch(all, who, &check->fetch))
		fetch_fini(&check->fetch);
	by_ocsp(all, who, &v, check);
	if (v.what == STATUS_NONE && !v.is_missing)
		by_crls(all, who, &v, check);
	if (v.is_missing)
		return -EAGAIN;
	x509_print((const struct x509 *)who->cert, name, sizeof(name));
	if (v.what != STATUS_NONE || v.has_uri)
		note(check, name, &v);
	return judge(policy, name, &v, check);
}

static int issued_by(X509 *cert, X509 *issuer, struct issued *ret_who)
{
	uint8_t der[2][CERT_LEN_MAX];
	struct reader parts[2] = {
		rd_from(der[0], x509_der((struct x509 *)cert, der[0], sizeof(der[0]))),
		rd_from(der[1], x509_der((struct x509 *)issuer, der[1], sizeof(der[1]))),
	};

	*ret_who = (struct issued){ .cert = cert, .issuer = issuer };
	if (!rd_left(&parts[0]) || !rd_left(&parts[1]))
		return -EPERM;
	int err = digest_sha256(parts, 2, ret_who->id);
	return err ? err : digest_sha256(&parts[1], 1, ret_who->issuer_id);
}

int revocation_check(struct revocations *all, enum revocation policy, struct x509 *const *path,
		     size_t n_path, struct revocation_check *check)
{
	struct issued who;
	int err = 0;

	*check->notes = '\0';
	snprintf(check->why, sizeof(check->why), "revocation could not be checked");
	for (size_t i = n_path; i-- > 1 && !err;) {
		err = issued_by((X509 *)path[i - 1], (X509 *)path[i], &who);
		if (!err)
			err = check_one(all, policy, &who, check);
	}
	if (err && err != -EAGAIN)
		err = -EPERM;
	return err;
}
