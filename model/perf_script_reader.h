/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what `perf script` prints (perf-script(1)), in any choice of its fields that has a process and a symbol:
 *
 *     Web Content  1333/1336  [010]  1000.000022:    1001001 cpu-clock:
 *             ffffffff81418cc0 do_evict+0x13 ([kernel.kallsyms])
 *                       401136 main+0x16 (/usr/bin/app)
 *
 * A line of the sample, the frames with the leaf first, a blank line. The comm is right-aligned and may hold anything; of process and thread either
 * may be missing, and so may CPU, time and period. An object's path may hold blanks and parentheses, a symbol anything; a
 * line of the source below a frame is passed over. A sample counts once, whatever its period. Of several events one counts (script_events.h).
 */
#ifndef HEARTH_MODEL_PERF_SCRIPT_READER_H
#define HEARTH_MODEL_PERF_SCRIPT_READER_H

struct profile_format;

extern const struct profile_format perf_script_format;

#endif
