/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the snapshot of a tick to a case (replay_case.h): walks it with all rows of its files, holds that against
 * what the kernel side made of the same tick, and keeps only what the walk needed.
 *
 * Memory that the snapshot does not have (another stack) is read from the process, which may have gone on
 * meanwhile: what then differs from the kernel side's walk is no case.
 */
#ifndef HEARTH_TESTS_REPLAY_CASE_BUILDER_H
#define HEARTH_TESTS_REPLAY_CASE_BUILDER_H

#include <stdbool.h>
#include <stdio.h>

#include "bpf/events.h"

struct aggregator;
struct case_builder;
struct modules;

/* Both live longer. NULL: out of memory. */
struct case_builder *case_builder_new(const struct aggregator *aggregator, struct modules *modules);
void case_builder_free(struct case_builder *builder);

/* Takes a snapshot: true if its walk came to the same frames and the same end as the kernel side's. */
bool case_builder_take(struct case_builder *builder, const struct snapshot_event *event);

/* Writes what is looked at to choose a case: code, frames with their names and rules, and the end. */
void case_builder_describe(struct case_builder *builder, FILE *to);

/* Writes the case without what its walk did not need. False: it is larger than a case may be. */
bool case_builder_write(struct case_builder *builder, FILE *to);

#endif
