/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a pprof profile refers to strings and functions that are not there. pprof itself refuses it whole; here what is named so is left without a name.
 * Private to model/pprof_*.c.
 */
#ifndef HEARTH_MODEL_PPROF_REFERENCES_H
#define HEARTH_MODEL_PPROF_REFERENCES_H

#include "base/byte_reader.h"

struct pprof_tables;
struct read_report;

/* Looks through all fields but samples, once more, and reports those that do. */
void pprof_references_report(const struct pprof_tables *tables, struct bytes raw,
			     struct read_report *report);

#endif
