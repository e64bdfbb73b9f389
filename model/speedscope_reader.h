/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads speedscope's own files (its file-format-schema.json), profiles of both types: `sampled`, and `evented`, whose stacks weigh what lies between
 * two events. All profiles of the first one's unit count; time is in nanoseconds. Frames are told apart as in folded stacks
 * (folded_reader.h). Profiles may stand ahead of the frames that they refer to, so that all are held until the end.
 */
#ifndef HEARTH_MODEL_SPEEDSCOPE_READER_H
#define HEARTH_MODEL_SPEEDSCOPE_READER_H

struct profile_format;

extern const struct profile_format speedscope_format;

#endif
