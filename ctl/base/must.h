/* SPDX-License-Identifier: BSD-2-Clause */
/* The few macros that every room uses. */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define MUST_USE __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
