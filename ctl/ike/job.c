/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/job.h"

#include <errno.h>
#include "crypto/secret.h"
#include "crypto/tls.h"
#include "ike/aaa.h"
#include "ike/alloc.h"
#include "ike/auth_job.h"
#include "ike/ike.h"

struct ike_job *job_new(uint16_t group, struct ke_pair *pair, struct reader their_public)
{
	struct ike_job *job = alloc_zero(sizeof(*job));

	job->group = group;
	job->pair = *pair;
	*pair = (struct ke_pair){ 0 };
	job->their_len = rd_left(&their_public);
	if (job->their_len > sizeof(job->their_public))
		job->their_len = sizeof(job->their_public);
	rd_copy(&their_public, job->their_public, job->their_len);
	return job;
}

struct ike_job *job_new_auth(struct auth_job *auth)
{
	struct ike_job *job = alloc_zero(sizeof(*job));

	job->auth = auth;
	return job;
}

struct ike_job *job_new_aaa(struct aaa_job *aaa)
{
	struct ike_job *job = alloc_zero(sizeof(*job));

	job->aaa = aaa;
	return job;
}

struct ike_job *job_new_tls(struct tls *tls)
{
	struct ike_job *job = alloc_zero(sizeof(*job));

	job->tls = tls;
	return job;
}

void job_run(struct ike_job *job)
{
	struct reader theirs = rd_from(job->their_public, job->their_len);

	if (job->auth) {
		auth_job_run(job->auth);
		return;
	}
	if (job->tls) {
		(void)tls_run(job->tls);
		return;
	}
	if (!job->their_len)
		job->result = job->pair.key ? 0 : ke_generate(job->group, &job->pair);
	else if (job->pair.key)
		job->result = ke_shared(&job->pair, theirs, job->secret);
	else
		job->result = ke_answer(job->group, theirs, &job->pair, job->secret);
	if (job->their_len && !job->result)
		job->secret_len = ke_secret_len(job->group);
}

struct fetch *job_fetch(struct ike_job *job)
{
	if (job->tls)
		return tls_state(job->tls) == TLS_ASKS ? tls_fetch(job->tls) : NULL;
	return job->auth && job->auth->result == -EAGAIN ? &job->auth->revocation.fetch : NULL;
}

void job_free(struct ike_job *job)
{
	if (!job)
		return;
	auth_job_free(job->auth);
	aaa_job_free(job->aaa);
	tls_free(job->tls);
	ke_fini(&job->pair);
	secret_wipe(job, sizeof(*job));
	free(job);
}

void aaa_job_free(struct aaa_job *job)
{
	if (job)
		secret_wipe(job, sizeof(*job));
	free(job);
}
