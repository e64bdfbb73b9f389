/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the processed profiles of profiler.firefox.com (its src/types/profile.ts), which samply and others write as well: tables of columns, either of the whole profile
 * (`shared`, since version 60) or of each thread. Columns stand in any order, so that all are held until the end.
 *
 * Samples weigh what their weight says, or 1. The category of a frame tells its kind where it has the name of one ("kernel"). Labels are
 * the thread's name, its pid and tid.
 */
#ifndef HEARTH_MODEL_FIREFOX_READER_H
#define HEARTH_MODEL_FIREFOX_READER_H

struct profile_format;

extern const struct profile_format firefox_format;

#endif
