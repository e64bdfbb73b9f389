/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a jitdump, taken at once and in the smallest pieces that it may be read in: both must come to the
 * same names.
 */
#include "symbolize/jit_dump.h"
#include "tests/fuzz/history_compare.h"

/* Those that the seeds tell of, and neighbours. */
static const uint64_t addresses[] = { 0,      1,      0xfff,  0x1000,     0x100f,
				      0x1010, 0x2000, 0x3008, 1ull << 63, UINT64_MAX };

#define COUNT (sizeof(addresses) / sizeof(addresses[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As made_code.c reads: on from where the parser wants to, or until it does not get on. */
static int take(struct code_history *history, struct bytes bytes, size_t piece)
{
	const struct code_look look = { .size = bytes.size, .time_ns = 1u << 20 };
	struct jit_dump dump;
	uint64_t at = 0, done = 1;
	int err = 0;

	jit_dump_init(&dump, history, 0);
	while (!err && done && at < bytes.size) {
		size_t left = bytes.size - (size_t)at;

		err = jit_dump_take(&dump,
				    bytes_slice(bytes, (size_t)at, left < piece ? left : piece), 0,
				    &look, &done);
		at += done;
	}
	if (!err && code_history_resolve(history))
		abort();
	jit_dump_release(&dump);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes bytes = { data, size };
	struct code_history *at_once = code_history_new(addresses, COUNT);
	struct code_history *in_pieces = code_history_new(addresses, COUNT);

	if (!at_once || !in_pieces)
		abort();
	if (take(at_once, bytes, size) != take(in_pieces, bytes, JIT_DUMP_MIN_BYTES))
		abort();
	for (size_t i = 0; i < COUNT; i++)
		compare_spans(at_once, in_pieces, i, addresses[i]);
	code_history_free(at_once);
	code_history_free(in_pieces);
	return 0;
}
