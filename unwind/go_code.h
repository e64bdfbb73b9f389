/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is seen in a Go function's instructions and stands in no table: where it saves the caller's frame pointer,
 * and what the few functions do that go to another stack. Known instructions only, in the forms that Go's
 * assembler writes; what is not found gives no rule, never a wrong one. x86-64.
 */
#ifndef HEARTH_UNWIND_GO_CODE_H
#define HEARTH_UNWIND_GO_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"

#define GO_CODE_NEVER          UINT64_MAX
#define GO_CODE_MAX_STRETCHES  8
#define GO_CODE_FRAME_BYTES    24   /* that go_code_find_frame() looks at */
#define GO_CODE_FUNCTION_BYTES 1024 /* of a function that is searched for stretches */

/* A part of a function that another rule holds for. */
enum go_stretch_kind {
	GO_STRETCH_ROOT,  /* it has left its stack, for good */
	GO_STRETCH_CGO,   /* it is on another stack and noted how to return, see go_rows.h */
	GO_STRETCH_BY_SP, /* the frame pointer is the caller's again, sp counts */
	GO_STRETCH_SAVED, /* it is on the thread's stack, and the goroutine has saved its own sp and pc */
};

struct go_stretch {
	uint64_t from, to;
	enum go_stretch_kind kind;
	int32_t note_at; /* GO_STRETCH_CGO: the note, from sp on */
};

struct go_code {
	uint64_t saved_from;  /* the caller's frame pointer lies in the frame, or GO_CODE_NEVER */
	uint64_t framed_from; /* the frame pointer points to it, or GO_CODE_NEVER */
	struct go_stretch stretches[GO_CODE_MAX_STRETCHES];
	uint32_t stretch_count;
};

void go_code_init(struct go_code *code);

/*
 * `bytes`: from the byte before `pc` on, where `delta` bytes are on the stack for the first time.
 */
void go_code_find_frame(struct go_code *code, struct bytes bytes, uint64_t pc, int64_t delta);

/* These take a function's bytes, of which `address` is the first one's. */
void go_code_find_root(struct go_code *code, struct bytes bytes, uint64_t address, uint64_t end);
void go_code_find_cgo(struct go_code *code, struct bytes bytes, uint64_t address);
void go_code_find_growth(struct go_code *code, struct bytes bytes, uint64_t address, uint64_t end);
void go_code_find_system(struct go_code *code, struct bytes bytes, uint64_t address);
void go_code_find_restores(struct go_code *code, struct bytes bytes, uint64_t address);

/* Where, in what the runtime has of a thread, the goroutine stands that it runs; 0: these bytes do not tell. */
int32_t go_code_find_running(struct bytes bytes);

/* The stretch that `pc` lies in, or NULL. */
const struct go_stretch *go_code_stretch(const struct go_code *code, uint64_t pc);

/* Where, behind `pc` and before `end`, something begins or ends; else `end`. */
uint64_t go_code_next_change(const struct go_code *code, uint64_t pc, uint64_t end);

#endif
