/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one reader and the one writer of wire bytes: IKE, VICI and the worker's slow paths.
 *
 * reader: a view that never owns. A read past the end sets `bad`, returns 0 and empties the
 * view, so loops end; ask rd_done() (nothing failed, nothing is left) or rd_ok() once at the
 * end. Integers come out in host order. Before that question a value may only be used as a
 * carve length.
 * writer: fixed buffer; what does not fit sets `bad` and writes nothing more; ask wr_ok() once.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/must.h"

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

struct writer {
	uint8_t *start, *at, *end;
	bool bad;
};

static inline struct reader rd_from(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct reader){ .at = p, .end = p ? p + len : p };
}

static inline size_t rd_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static inline bool rd_ok(const struct reader *r)
{
	return !r->bad;
}

static inline bool rd_more(const struct reader *r)
{
	return !r->bad && r->at < r->end;
}

static inline MUST_USE bool rd_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

/* A child view of the next n bytes. Poisons both when they are not there. */
static inline struct reader rd_carve(struct reader *r, size_t n)
{
	if (r->bad || rd_left(r) < n) {
		r->bad = true;
		r->at = r->end;
		return (struct reader){ .at = r->end, .end = r->end, .bad = true };
	}
	/* an empty view may have no address at all, to which not even 0 may be added */
	struct reader child = { .at = r->at, .end = n ? r->at + n : r->at };
	r->at = child.end;
	return child;
}

static inline struct reader rd_rest(struct reader *r)
{
	return rd_carve(r, rd_left(r));
}

static inline void rd_skip(struct reader *r, size_t n)
{
	(void)rd_carve(r, n);
}

static inline void rd_copy(struct reader *r, void *to, size_t n)
{
	struct reader c = rd_carve(r, n);

	if (c.bad)
		memset(to, 0, n);
	else if (n)
		memcpy(to, c.at, n);
}

static inline uint64_t rd_uint(struct reader *r, unsigned bytes)
{
	struct reader c = rd_carve(r, bytes);
	uint64_t v = 0;

	while (c.at < c.end)
		v = v << 8 | *c.at++;
	return v;
}

static inline uint8_t rd_u8(struct reader *r)
{
	return (uint8_t)rd_uint(r, 1);
}

static inline uint16_t rd_u16(struct reader *r)
{
	return (uint16_t)rd_uint(r, 2);
}

static inline uint32_t rd_u32(struct reader *r)
{
	return (uint32_t)rd_uint(r, 4);
}

static inline uint64_t rd_u64(struct reader *r)
{
	return rd_uint(r, 8);
}

static inline struct writer wr_into(void *buf, size_t size)
{
	uint8_t *p = buf;

	return (struct writer){ .start = p, .at = p, .end = p + size };
}

static inline size_t wr_len(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

static inline MUST_USE bool wr_ok(const struct writer *w)
{
	return !w->bad;
}

/* Room for n bytes, to be filled by the caller; NULL (and bad) when they do not fit. */
static inline uint8_t *wr_reserve(struct writer *w, size_t n)
{
	if (w->bad || (size_t)(w->end - w->at) < n) {
		w->bad = true;
		return NULL;
	}
	uint8_t *p = w->at;
	w->at += n;
	return p;
}

static inline void wr_bytes(struct writer *w, const void *data, size_t n)
{
	uint8_t *p = wr_reserve(w, n);

	if (p && n)
		memcpy(p, data, n);
}

static inline void wr_copy(struct writer *w, struct reader view)
{
	wr_bytes(w, view.at, rd_left(&view));
}

static inline void wr_uint(struct writer *w, uint64_t v, unsigned bytes)
{
	uint8_t *p = wr_reserve(w, bytes);

	while (p && bytes--)
		*p++ = (uint8_t)(v >> (8 * bytes));
}

static inline void wr_u8(struct writer *w, uint8_t v)
{
	wr_uint(w, v, 1);
}

static inline void wr_u16(struct writer *w, uint16_t v)
{
	wr_uint(w, v, 2);
}

static inline void wr_u32(struct writer *w, uint32_t v)
{
	wr_uint(w, v, 4);
}

static inline void wr_u64(struct writer *w, uint64_t v)
{
	wr_uint(w, v, 8);
}

#endif
