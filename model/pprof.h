/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pprof's reader and writer share: the fields of profile.proto (github.com/google/pprof, proto/profile.proto) by their numbers,
 * and how a frame's kind is told there, which has no field of its own.
 *
 * A kind is told by the mapping's file: "[process]", "[marker]", "[native]" and the like for a frame without a module, "[nf_tables]" for
 * one of a module of the kernel, "[jit] node" for other kinds with a module. A plain file is native code, and code without a name if the function's name is in
 * brackets. All lines of a location but the last are inlined.
 */
#ifndef HEARTH_MODEL_PPROF_H
#define HEARTH_MODEL_PPROF_H

#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

enum pprof_profile_field {
	PPROF_SAMPLE_TYPE = 1,
	PPROF_SAMPLE = 2,
	PPROF_MAPPING = 3,
	PPROF_LOCATION = 4,
	PPROF_FUNCTION = 5,
	PPROF_STRING = 6,
	PPROF_DROP_FRAMES = 7,
	PPROF_KEEP_FRAMES = 8,
	PPROF_TIME_NS = 9,
	PPROF_DURATION_NS = 10,
	PPROF_PERIOD_TYPE = 11,
	PPROF_PERIOD = 12,
	PPROF_COMMENT = 13,
	PPROF_DEFAULT_TYPE = 14,
	PPROF_DOC_URL = 15,
};

enum pprof_value_type_field { PPROF_TYPE_NAME = 1, PPROF_TYPE_UNIT = 2 };

enum pprof_sample_field {
	PPROF_SAMPLE_LOCATION = 1,
	PPROF_SAMPLE_VALUE = 2,
	PPROF_SAMPLE_LABEL = 3
};

enum pprof_label_field { PPROF_LABEL_KEY = 1, PPROF_LABEL_TEXT = 2, PPROF_LABEL_NUMBER = 3 };

enum pprof_mapping_field {
	PPROF_MAPPING_ID = 1,
	PPROF_MAPPING_FILE = 5,
	PPROF_MAPPING_BUILD_ID = 6,
	PPROF_MAPPING_HAS_FUNCTIONS = 7,
	PPROF_MAPPING_HAS_FILES = 8,
	PPROF_MAPPING_HAS_LINES = 9,
	PPROF_MAPPING_HAS_INLINED = 10,
};

enum pprof_location_field {
	PPROF_LOCATION_ID = 1,
	PPROF_LOCATION_MAPPING = 2,
	PPROF_LOCATION_ADDRESS = 3,
	PPROF_LOCATION_LINE = 4,
};

enum pprof_line_field { PPROF_LINE_FUNCTION = 1, PPROF_LINE_NUMBER = 2 };

enum pprof_function_field {
	PPROF_FUNCTION_ID = 1,
	PPROF_FUNCTION_NAME = 2,
	PPROF_FUNCTION_SYSTEM_NAME = 3,
	PPROF_FUNCTION_FILE = 4,
};

/* Comments that carry what the format has no field for: "hearth command: nginx". */
#define PPROF_COMMENT_COMMAND "hearth command: "
#define PPROF_COMMENT_MACHINE "hearth machine: "
#define PPROF_COMMENT_EVENT   "hearth event: "
#define PPROF_COMMENT_FATES   "hearth fates: "

struct buffer;

/* Appends the file of the mapping that a frame without callers that it is inlined into belongs to. */
void pprof_append_mapping(struct buffer *to, const struct profile *profile,
			  const struct frame *frame);

/* The kind that a mapping's file tells, and the part of it that is the module; empty: none. */
enum frame_kind pprof_kind_of_mapping(const char *file, size_t size, const char **ret_module,
				      size_t *ret_module_size);

#endif
