/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/jit_dump.h"

#include <errno.h>
#include <string.h>

#define MAGIC            0x4a695444u /* "JiTD" */
#define MAGIC_OTHER      0x4454694au
#define HEADER_BYTES     40
#define FLAG_OTHER_CLOCK 1u /* JITDUMP_FLAGS_ARCH_TIMESTAMP */

#define PREFIX_BYTES 16 /* of each record */
#define LOAD_BYTES   56 /* up to the name */
#define MOVE_BYTES   64

enum record_type { RECORD_LOAD, RECORD_MOVE };

struct record {
	uint32_t type;
	uint32_t size;
	struct code_time time;
};

/* --- life cycle --- */

void jit_dump_init(struct jit_dump *dump, struct code_history *history, uint64_t start_ns)
{
	*dump = (struct jit_dump){ .history = history, .start_ns = start_ns };
	string_pool_init(&dump->names);
	u64_map_init(&dump->loads);
}

void jit_dump_release(struct jit_dump *dump)
{
	string_pool_release(&dump->names);
	u64_map_release(&dump->loads);
}

/* --- records --- */

static int add_change(struct jit_dump *dump, uint64_t start, uint64_t size, struct code_time time,
		      struct bytes name)
{
	if (!size || size > UINT64_MAX - start)
		return 0;
	return code_history_add(dump->history, &(struct code_change){ .start = start,
								      .end = start + size,
								      .origin = start,
								      .time = time,
								      .name = name });
}

/* Beyond the limits a move's function has no name. */
static int keep_load(struct jit_dump *dump, uint64_t index, struct bytes name)
{
	uint32_t known = dump->names.count, id;
	int err;

	if (dump->loads.count >= JIT_DUMP_MAX_LOADS ||
	    dump->name_bytes + name.size > JIT_DUMP_MAX_NAME_BYTES)
		return 0;
	err = string_pool_add(&dump->names, (const char *)name.data, name.size, &id);
	if (err)
		return err;
	if (id == known)
		dump->name_bytes += name.size;
	return u64_map_set(&dump->loads, index, id);
}

static int take_load(struct jit_dump *dump, const struct record *record, struct bytes body)
{
	struct byte_reader reader;
	struct bytes name;
	const uint8_t *end;
	uint64_t address, size, index;
	int err;

	byte_reader_init(&reader, body);
	byte_reader_skip(&reader, PREFIX_BYTES + 16); /* PID, TID, and the address once more */
	address = byte_reader_u64(&reader);
	size = byte_reader_u64(&reader);
	index = byte_reader_u64(&reader);
	name = bytes_slice(body, LOAD_BYTES, body.size - LOAD_BYTES);
	end = name.size ? memchr(name.data, 0, name.size) : NULL;
	if (end)
		name.size = (size_t)(end - name.data);
	if (name.size > JIT_DUMP_MAX_NAME)
		name.size = JIT_DUMP_MAX_NAME;
	err = keep_load(dump, index, name);
	return err ? err : add_change(dump, address, size, record->time, name);
}

static struct bytes name_of(const struct jit_dump *dump, uint64_t index)
{
	uint32_t id = u64_map_get(&dump->loads, index);
	struct bytes name = { 0 };

	if (id != U64_MAP_ABSENT)
		name.data = (const uint8_t *)string_pool_get(&dump->names, id, &name.size);
	return name;
}

static int take_move(struct jit_dump *dump, const struct record *record, struct bytes body)
{
	struct byte_reader reader;
	uint64_t from, to, size, index;
	int err;

	byte_reader_init(&reader, body);
	byte_reader_skip(&reader, PREFIX_BYTES + 16);
	from = byte_reader_u64(&reader);
	to = byte_reader_u64(&reader);
	size = byte_reader_u64(&reader);
	index = byte_reader_u64(&reader);
	err = add_change(dump, from, size, record->time, (struct bytes){ 0 });
	return err ? err : add_change(dump, to, size, record->time, name_of(dump, index));
}

/* --- times --- */

/* A record's time, if it is of the clock that it should be; else when it was seen. */
static struct code_time time_of(const struct jit_dump *dump, uint64_t timestamp, uint64_t before_ns,
				const struct code_look *look)
{
	uint64_t time = timestamp + look->monotonic_behind_ns;

	if (dump->has_other_clock || time < dump->start_ns || time > look->time_ns)
		return (struct code_time){ before_ns, look->time_ns, true };
	return (struct code_time){ time, time, false };
}

/* --- bytes --- */

/* How many bytes of a record must be in hand. */
static size_t needed_of(const struct record *record)
{
	switch (record->type) {
	case RECORD_LOAD:
		return LOAD_BYTES + JIT_DUMP_MAX_NAME;
	case RECORD_MOVE:
		return MOVE_BYTES;
	default:
		return PREFIX_BYTES;
	}
}

static bool is_possible(const struct record *record)
{
	static const size_t least[] = { [RECORD_LOAD] = LOAD_BYTES, [RECORD_MOVE] = MOVE_BYTES };

	return record->size >= (record->type <= RECORD_MOVE ? least[record->type] : PREFIX_BYTES);
}

/* 1: a whole header, 0: not yet. */
static int take_header(struct jit_dump *dump, struct bytes bytes, uint64_t *ret_done)
{
	struct byte_reader reader;
	uint32_t magic, size;

	if (bytes.size < HEADER_BYTES)
		return 0;
	byte_reader_init(&reader, bytes);
	magic = byte_reader_u32(&reader);
	if (magic != MAGIC)
		return magic == MAGIC_OTHER ? -EOPNOTSUPP : -ENOEXEC;
	byte_reader_skip(&reader, 4); /* version: 1 */
	size = byte_reader_u32(&reader);
	if (size < HEADER_BYTES)
		return -ENOEXEC;
	byte_reader_skip(&reader, 20); /* machine, PID, and a time of some clock */
	dump->has_other_clock = byte_reader_u64(&reader) & FLAG_OTHER_CLOCK;
	dump->has_header = true;
	*ret_done = size;
	return 1;
}

static int take_body(struct jit_dump *dump, const struct record *record, struct bytes body)
{
	switch (record->type) {
	case RECORD_LOAD:
		return take_load(dump, record, body);
	case RECORD_MOVE:
		return take_move(dump, record, body);
	default:
		return 0;
	}
}

/* The record at the start: `ret_size` is its size, 0: it is not whole. */
static int take_record(struct jit_dump *dump, struct bytes bytes, uint64_t before_ns,
		       const struct code_look *look, uint64_t *ret_size)
{
	struct byte_reader reader;
	struct record record;
	size_t needed;
	int err;

	*ret_size = 0;
	byte_reader_init(&reader, bytes);
	record.type = byte_reader_u32(&reader);
	record.size = byte_reader_u32(&reader);
	record.time = time_of(dump, byte_reader_u64(&reader), before_ns, look);
	if (reader.failed)
		return 0;
	if (!is_possible(&record)) {
		code_history_cut(dump->history, record.time.after_ns);
		dump->has_ended = true;
		return 0;
	}
	needed = needed_of(&record);
	if (needed > record.size)
		needed = record.size;
	if (bytes.size < needed)
		return 0;
	err = take_body(dump, &record, bytes_slice(bytes, 0, needed));
	if (!err)
		*ret_size = record.size;
	return err;
}

int jit_dump_take(struct jit_dump *dump, struct bytes bytes, uint64_t before_ns,
		  const struct code_look *look, uint64_t *ret_done)
{
	uint64_t done = 0, size = 1;
	int err = 0;

	if (!dump->has_header) {
		err = take_header(dump, bytes, &done);
		if (err <= 0) {
			*ret_done = 0;
			return err;
		}
		err = 0;
	}
	while (!err && size && !dump->has_ended && done < bytes.size) {
		err = take_record(dump, bytes_slice(bytes, done, bytes.size - done), before_ns,
				  look, &size);
		done += size;
	}
	if (!err)
		*ret_done = done;
	return err;
}
