/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the `.cpuprofile` that Chrome's DevTools, `node --cpu-prof` and others write (Profile of the DevTools protocol, domain Profiler): a tree of
 * nodes, and of each sample its node and the time since the one before.
 *
 * What counts are the hits of a node, else its samples. A sample lasts until the next one, which is a second value, "wall" in nanoseconds. Nodes may stand
 * in any order and behind the samples, so that all are held until the end. The node "(root)" is the root; frames with a script's URL are code, all others
 * are told apart as in folded stacks (folded_reader.h).
 */
#ifndef HEARTH_MODEL_CPUPROFILE_READER_H
#define HEARTH_MODEL_CPUPROFILE_READER_H

struct profile_format;

extern const struct profile_format cpuprofile_format;

#endif
