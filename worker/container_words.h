/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of container engines say of containers (container_words.def): JSON, of which everything else is passed over. Whoever may
 * start a container chose much of what is in it, so that it is read in the worker.
 */
#ifndef HEARTH_WORKER_CONTAINER_WORDS_H
#define HEARTH_WORKER_CONTAINER_WORDS_H

#include <stddef.h>

#include "base/byte_reader.h"

#define CONTAINER_WORD_MAX 255 /* bytes; longer ones are cut */
#define CONTAINER_ID_MAX   64

enum container_field {
	CONTAINER_NAME,
	CONTAINER_IMAGE,
	CONTAINER_POD,
	CONTAINER_NAMESPACE,
	CONTAINER_FIELDS
};

/* A text that is terminated, empty where nothing tells it. */
struct container_word {
	char text[CONTAINER_WORD_MAX + 1];
	int rank; /* of what told it */
};

struct container_words {
	char id[CONTAINER_ID_MAX + 1]; /* of whom it is: the caller's word */
	struct container_word words[CONTAINER_FIELDS];
};

/*
 * Adds what a file tells of any of these containers; one that names none is of the only container that there is. What comes before it is no JSON counts,
 * what ranks higher than what was there replaces it. 0 or -ENOMEM.
 */
int container_words_read(struct bytes file, struct container_words *containers, size_t count);

#endif
