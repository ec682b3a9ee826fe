/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DATAPLANE_SPD_TRIE_H
#define DATAPLANE_SPD_TRIE_H

#include "dataplane/spd_index.h"

/* The prefixes that a generation has in the map; at NULL: not known. */
struct spd_written {
	struct spd_prefix *at; /* sorted */
	size_t n;
};

/* The generation, which nobody reads, gets the prefixes of ix and no others; *w takes them from
 * it. After an error it holds some of both. */
int spd_trie_write(int fd, uint32_t gen, struct spd_written *w, struct spd_index *ix) MUST_USE;
void spd_written_fini(struct spd_written *w);

#endif
