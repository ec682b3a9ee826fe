/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_SELFTEST_H
#define CRYPTO_SELFTEST_H

#include "base/must.h"

/* Known-answer tests of every algorithm of IKE, a few milliseconds, run at start. 0, or
 * -EIO with *ret_what naming what gave a wrong answer (static text): do not start then. */
int crypto_selftest(const char **ret_what) MUST_USE;

#endif
