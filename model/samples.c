/* SPDX-License-Identifier: Apache-2.0 */
#include "model/samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/record_pool.h"
#include "model/profile.h"

#define FIRST_CAPACITY 1024

/* What every sample has. */
struct sample_place {
	uint32_t node, labels;
};

struct samples {
	struct sample_place *places;
	uint64_t *times;  /* NULL: none is known */
	uint64_t *values; /* `value_count` each; NULL: each sample's first one is 1, the others 0 */
	size_t count, capacity;
	uint32_t value_count;
	bool has_empty;            /* one whose first value is 0 */
	struct record_pool labels; /* struct label_set, all of it the key */
};

static const struct {
	const char *name, *meaning;
	bool is_number;
} labels[] = {
#define NUMBER                            true
#define TEXT                              false
#define SAMPLE_LABEL(name, type, meaning) [SAMPLE_LABEL_##name] = { #name, meaning, type },
#include "model/sample_labels.def"
#undef SAMPLE_LABEL
#undef NUMBER
#undef TEXT
};

const char *sample_label_name(enum sample_label label)
{
	return labels[label].name;
}

const char *sample_label_meaning(enum sample_label label)
{
	return labels[label].meaning;
}

bool sample_label_is_number(enum sample_label label)
{
	return labels[label].is_number;
}

int sample_label_by_name(const char *name, size_t size, enum sample_label *ret_label)
{
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (strlen(labels[label].name) == size && !memcmp(labels[label].name, name, size)) {
			*ret_label = label;
			return 0;
		}
	return -EINVAL;
}

struct samples *samples_new(uint32_t value_count)
{
	struct samples *samples = calloc(1, sizeof(*samples));
	struct label_set unknown;
	uint32_t id;

	if (!samples)
		return NULL;
	samples->value_count = value_count;
	record_pool_init(&samples->labels, sizeof(unknown), sizeof(unknown));
	memset(&unknown, 0xff, sizeof(unknown)); /* every label PROFILE_NONE */
	if (samples_add_labels(samples, &unknown, &id)) {
		samples_free(samples);
		return NULL;
	}
	return samples;
}

void samples_free(struct samples *samples)
{
	if (!samples)
		return;
	record_pool_release(&samples->labels);
	free(samples->places);
	free(samples->times);
	free(samples->values);
	free(samples);
}

int samples_add_labels(struct samples *samples, const struct label_set *set, uint32_t *ret_id)
{
	return record_pool_add(&samples->labels, set, ret_id);
}

const struct label_set *samples_labels(const struct samples *samples, uint32_t id)
{
	return record_pool_get(&samples->labels, id);
}

uint32_t samples_labels_count(const struct samples *samples)
{
	return samples->labels.count;
}

/* --- columns --- */

static int resize(void **column, size_t capacity, size_t item_size)
{
	void *resized = *column ? realloc(*column, capacity * item_size) : NULL;

	if (*column && !resized)
		return -ENOMEM;
	*column = resized;
	return 0;
}

static int reserve(struct samples *samples)
{
	size_t capacity = samples->capacity ? samples->capacity * 2 : FIRST_CAPACITY;

	if (samples->count < samples->capacity)
		return 0;
	if (!samples->places)
		samples->places = malloc(capacity * sizeof(*samples->places));
	if (samples->count >= SAMPLES_MAX || !samples->places ||
	    resize((void **)&samples->places, capacity, sizeof(*samples->places)) ||
	    resize((void **)&samples->times, capacity, sizeof(*samples->times)) ||
	    resize((void **)&samples->values, capacity,
		   samples->value_count * sizeof(*samples->values)))
		return -ENOMEM;
	samples->capacity = capacity;
	return 0;
}

static int begin_times(struct samples *samples)
{
	samples->times = malloc(samples->capacity * sizeof(*samples->times));
	for (size_t i = 0; samples->times && i < samples->count; i++)
		samples->times[i] = SAMPLE_NO_TIME;
	return samples->times ? 0 : -ENOMEM;
}

/* What a sample has where no column says it. */
static uint64_t usual_value(uint32_t value)
{
	return value == 0;
}

static int begin_values(struct samples *samples)
{
	size_t count = samples->value_count;

	samples->values = malloc(samples->capacity * count * sizeof(*samples->values));
	for (size_t i = 0; samples->values && i < samples->count * count; i++)
		samples->values[i] = usual_value((uint32_t)(i % count));
	return samples->values ? 0 : -ENOMEM;
}

static bool are_usual(const struct samples *samples, const uint64_t *values)
{
	for (uint32_t i = 0; i < samples->value_count; i++)
		if (values[i] != usual_value(i))
			return false;
	return true;
}

int samples_add(struct samples *samples, struct sample sample, const uint64_t *values)
{
	size_t at = samples->count;
	int error = reserve(samples);

	if (!error && !samples->times && sample.time_ns != SAMPLE_NO_TIME)
		error = begin_times(samples);
	if (!error && !samples->values && !are_usual(samples, values))
		error = begin_values(samples);
	if (error)
		return error;
	samples->has_empty |= !values[0];
	samples->places[at] = (struct sample_place){ sample.node, sample.labels };
	if (samples->times)
		samples->times[at] = sample.time_ns;
	if (samples->values)
		memcpy(samples->values + at * samples->value_count, values,
		       samples->value_count * sizeof(*values));
	samples->count++;
	return 0;
}

/* From the end on, for each moves up. */
static void spread_values(struct samples *samples, uint32_t value_count)
{
	uint32_t old = samples->value_count;

	for (size_t i = samples->count; i-- > 0;) {
		uint64_t *to = samples->values + i * value_count;

		memmove(to, samples->values + i * old, old * sizeof(*to));
		memset(to + old, 0, (value_count - old) * sizeof(*to));
	}
}

int samples_extend_values(struct samples *samples, uint32_t value_count)
{
	if (samples->values && resize((void **)&samples->values, samples->capacity,
				      value_count * sizeof(*samples->values)))
		return -ENOMEM;
	if (samples->values)
		spread_values(samples, value_count);
	samples->value_count = value_count;
	return 0;
}

void samples_forget_times(struct samples *samples)
{
	free(samples->times);
	samples->times = NULL;
}

static bool are_zero(const uint64_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (values[i])
			return false;
	return true;
}

int samples_change(struct samples *samples, sample_change_fn change, void *context)
{
	size_t kept = 0;

	if (samples->count && !samples->values && begin_values(samples))
		return -ENOMEM;
	samples->has_empty = false;
	for (size_t i = 0; i < samples->count; i++) {
		uint64_t *values = samples->values + i * samples->value_count;
		const struct sample sample = samples_get(samples, i);

		change(context, &sample, values);
		if (are_zero(values, samples->value_count))
			continue;
		samples->has_empty |= !values[0];
		samples->places[kept] = samples->places[i];
		if (samples->times)
			samples->times[kept] = samples->times[i];
		memmove(samples->values + kept * samples->value_count, values,
			samples->value_count * sizeof(*values));
		kept++;
	}
	samples->count = kept;
	return 0;
}

bool samples_tell_more(const struct samples *samples)
{
	return samples->value_count > 1 || samples->labels.count > 1 || samples->has_empty;
}

size_t samples_count(const struct samples *samples)
{
	return samples->count;
}

uint32_t samples_value_count(const struct samples *samples)
{
	return samples->value_count;
}

bool samples_have_times(const struct samples *samples)
{
	return samples->times;
}

struct sample samples_get(const struct samples *samples, size_t index)
{
	return (struct sample){
		.node = samples->places[index].node,
		.labels = samples->places[index].labels,
		.time_ns = samples->times ? samples->times[index] : SAMPLE_NO_TIME,
	};
}

uint64_t samples_value(const struct samples *samples, size_t index, uint32_t value)
{
	return samples->values ? samples->values[index * samples->value_count + value]
			       : usual_value(value);
}

static bool has_sum(const struct samples *samples, uint32_t value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < samples->count; i++) {
		uint64_t more = samples_value(samples, i, value);

		if (more > INT64_MAX - sum)
			return false;
		sum += more;
	}
	return true;
}

int samples_check_sums(const struct samples *samples)
{
	for (uint32_t i = 0; samples && samples->values && i < samples->value_count; i++)
		if (!has_sum(samples, i))
			return -EOVERFLOW;
	return 0;
}
