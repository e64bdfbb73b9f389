/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/made_code.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "symbolize/answer.h"
#include "symbolize/code_history.h"
#include "symbolize/jit_dump.h"
#include "symbolize/perf_map.h"
#include "symbolize/symbolizer.h"

#define PIECE_BYTES (64u << 10)

_Static_assert(PIECE_BYTES >= JIT_DUMP_MIN_BYTES, "a piece is enough to go on");

DEFINE_CLEANUP(cleanup_history, struct code_history *, code_history_free)

/* Takes bytes that were written between two looks; `ret_done`: how far to go on, 0: more bytes are needed. */
typedef int (*take_fn)(void *parser, struct bytes bytes, uint64_t before_ns,
		       const struct code_look *look, uint64_t *ret_done);

struct reading {
	const struct symbol_code_file *file;
	uint64_t deadline_ns, limit, offset;
	take_fn take;
	void *parser;
	struct code_history *history;
	uint8_t *piece;
};

/* 1: on; 0: this look's bytes are read, or what is left is not whole yet; or an error. */
static int read_piece(struct reading *reading, uint64_t before_ns, const struct code_look *look)
{
	uint64_t left = look->size > reading->offset ? look->size - reading->offset : 0, done;
	ssize_t got;
	int err;

	if (!left)
		return 0;
	if (reading->offset >= reading->limit) {
		code_history_cut(reading->history, before_ns);
		return 0;
	}
	if (reading->deadline_ns && clock_monotonic_ns() > reading->deadline_ns)
		return -ETIME;
	got = pread(reading->file->fd, reading->piece, left < PIECE_BYTES ? left : PIECE_BYTES,
		    (off_t)reading->offset);
	if (got <= 0)
		return got && errno == EINTR ? 1 : got ? -errno : 0;
	err = reading->take(reading->parser, (struct bytes){ reading->piece, (size_t)got },
			    before_ns, look, &done);
	if (err)
		return err;
	reading->offset += done;
	return done > 0;
}

static int read_looks(struct reading *reading)
{
	const struct symbol_code_file *file = reading->file;
	_cleanup_free_ uint8_t *piece = malloc(PIECE_BYTES);
	struct stat status;

	if (!piece)
		return -ENOMEM;
	if (fstat(file->fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	reading->piece = piece;
	for (size_t i = 0; i < file->look_count; i++) {
		uint64_t before_ns = i ? file->looks[i - 1].last_ns : 0;
		int err;

		do
			err = read_piece(reading, before_ns, &file->looks[i]);
		while (err > 0);
		if (err)
			return err;
	}
	return code_history_resolve(reading->history);
}

/* --- the two files --- */

static int take_dump(void *parser, struct bytes bytes, uint64_t before_ns,
		     const struct code_look *look, uint64_t *ret_done)
{
	return jit_dump_take(parser, bytes, before_ns, look, ret_done);
}

static int take_map(void *parser, struct bytes bytes, uint64_t before_ns,
		    const struct code_look *look, uint64_t *ret_done)
{
	*ret_done = bytes.size;
	return perf_map_take(parser, bytes, (struct code_time){ before_ns, look->time_ns, true });
}

static int read_dump(const struct symbol_request *request, struct code_history *history)
{
	_cleanup_(jit_dump_release) struct jit_dump dump;
	struct reading reading = {
		.file = &request->made_code.dump,
		.deadline_ns = request->made_code.deadline_ns,
		.limit = JIT_DUMP_MAX_BYTES,
		.take = take_dump,
		.parser = &dump,
		.history = history,
	};

	jit_dump_init(&dump, history, request->made_code.start_ns);
	return read_looks(&reading);
}

static int read_map(const struct symbol_request *request, struct code_history *history)
{
	_cleanup_(perf_map_release) struct perf_map map;
	struct reading reading = {
		.file = &request->made_code.map,
		.deadline_ns = request->made_code.deadline_ns,
		.limit = PERF_MAP_MAX_BYTES,
		.take = take_map,
		.parser = &map,
		.history = history,
	};

	perf_map_init(&map, history);
	return read_looks(&reading);
}

/* --- the answer --- */

static bool tells(const struct code_history *history, size_t index)
{
	const struct code_span *span = code_history_first(history, index);

	return span->name || code_history_next(history, span);
}

/* From when on the address has its first name, further ones behind it. */
static int keep_spans(struct answer *answer, const struct code_history *history, size_t index,
		      uint64_t address, struct symbol_name *name)
{
	const struct code_span *span = code_history_first(history, index);
	int err = 0;

	while (!err && span) {
		name->since_ns = span->since_ns;
		if (span->name) {
			err = answer_keep_demangled(answer, span->name, &name->function);
			name->offset = address - span->start;
		}
		span = code_history_next(history, span);
		if (!err && span)
			err = answer_add_later(answer, name, &name);
	}
	return err;
}

static int keep_names(struct answer *answer, const struct asked_addresses *asked,
		      const struct code_history *dump, const struct code_history *map)
{
	int err = 0;

	for (size_t i = 0; i < asked->count && !err; i++) {
		const struct code_history *history = dump && tells(dump, i) ? dump : map;

		if (history)
			err = keep_spans(answer, history, i, asked->addresses[i],
					 &answer->names[asked->places[i]]);
	}
	return err;
}

/* A file that cannot be read, or only in part, tells nothing: `ret_history` is NULL then. */
static int read_history(const struct symbol_request *request, const struct symbol_code_file *file,
			int (*read)(const struct symbol_request *, struct code_history *),
			const struct asked_addresses *asked, struct code_history **ret_history)
{
	_cleanup_(cleanup_history) struct code_history *history = NULL;
	int err;

	if (file->fd < 0)
		return -ENOENT;
	history = code_history_new(asked->addresses, asked->count);
	if (!history)
		return -ENOMEM;
	err = read(request, history);
	if (!err)
		*ret_history = take_ptr(history);
	return err;
}

int made_code_answer(const struct symbol_request *request, struct answer *answer)
{
	_cleanup_(asked_addresses_release) struct asked_addresses asked = { 0 };
	_cleanup_(cleanup_history) struct code_history *dump = NULL;
	_cleanup_(cleanup_history) struct code_history *map = NULL;
	int err = asked_addresses_init(&asked, request->count), map_err;

	for (size_t i = 0; i < request->count && !err; i++)
		asked_addresses_add(&asked, request->addresses[i], i);
	if (!err)
		err = asked_addresses_sort(&asked);
	if (err)
		return err;
	err = read_history(request, &request->made_code.dump, read_dump, &asked, &dump);
	if (err == -ENOMEM)
		return err;
	map_err = read_history(request, &request->made_code.map, read_map, &asked, &map);
	if (map_err == -ENOMEM || (err && map_err))
		return map_err == -ENOENT ? err : map_err;
	return keep_names(answer, &asked, dump, map);
}
