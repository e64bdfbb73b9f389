/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads pprof's profiles (profile.proto; gzip is off already). A sample's first value is counted, all of them and its labels are kept where
 * samples are. A sample with a negative value, of a difference, is left out, and so is one that refers to a location that is not there.
 *
 * Samples stand ahead of the tables that they refer to, so the whole input is held until its end.
 */
#ifndef HEARTH_MODEL_PPROF_READER_H
#define HEARTH_MODEL_PPROF_READER_H

struct profile_format;

extern const struct profile_format pprof_format;

#endif
