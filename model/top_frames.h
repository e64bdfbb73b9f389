/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile whose stacks are headed by something else than their process: the frame at their top says a label of their samples, "app-12", "cpu-3".
 * For that the profile must have kept its samples (samples.h); the new one does, too.
 */
#ifndef HEARTH_MODEL_TOP_FRAMES_H
#define HEARTH_MODEL_TOP_FRAMES_H

struct profile;

/* What may head them: the names of sample_labels.def, and this one. */
#define TOP_FRAMES_NONE "none" /* all stacks under one frame, "all" */

extern const char top_frames_help[]; /* names them all */

/* Is it one of these names? 0, or -EINVAL with a reason. */
int top_frames_check(const char *by, const char **ret_why);

/*
 * `by` is one of these names, else -EINVAL. A sample of which the label is not known goes under "[no LABEL]", but that the name of its process stands for its
 * comm. 0, -ENOMEM, or -ENODATA: no sample has the label.
 */
int top_frames_set(const struct profile *from, const char *by, struct profile **ret_profile);

#endif
