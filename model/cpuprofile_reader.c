/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cpuprofile_reader.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/u64_map.h"
#include "model/folded_reader.h"
#include "model/json_document.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"

#define ROOT_NAME      "(root)"
#define ANONYMOUS_NAME "(anonymous)" /* of a function without a name, as DevTools show it */
#define FILE_SCHEME    "file://"
#define NO_ID          UINT64_MAX
#define NO_TIME        INT64_MIN
#define MAX_ID         9007199254740992.0    /* 2^53, up to which JSON's numbers are exact */
#define TOO_MUCH       9223372036854775808.0 /* 2^63 */
#define NS_PER_US      1000.0

enum place {
	OTHER = JSON_OTHER,
	TOP = JSON_TOP,
	NODES,
	NODE,
	CALL_FRAME,
	CHILDREN,
	SAMPLES,
	DELTAS,
};

enum value {
	NOTHING = JSON_NOTHING,
	ID,
	PARENT,
	CHILD,
	HITS,
	NAME,
	URL,
	LINE,
	PROCESS,
	SAMPLE,
	DELTA,
	START,
	END,
	UNIT,
};

static const struct json_key keys[] = {
	{ SAMPLES, NULL, OTHER, SAMPLE },
	{ DELTAS, NULL, OTHER, DELTA },
	{ CHILDREN, NULL, OTHER, CHILD },
	{ NODES, NULL, NODE, NOTHING },
	{ NODE, "id", OTHER, ID },
	{ NODE, "parent", OTHER, PARENT },
	{ NODE, "hitCount", OTHER, HITS },
	{ NODE, "children", CHILDREN, NOTHING },
	{ NODE, "callFrame", CALL_FRAME, NOTHING },
	{ CALL_FRAME, "functionName", OTHER, NAME },
	{ CALL_FRAME, "url", OTHER, URL },
	{ CALL_FRAME, "lineNumber", OTHER, LINE },
	{ CALL_FRAME, "isProcess", OTHER, PROCESS },
	{ TOP, "nodes", NODES, NOTHING },
	{ TOP, "samples", SAMPLES, NOTHING },
	{ TOP, "timeDeltas", DELTAS, NOTHING },
	{ TOP, "startTime", OTHER, START },
	{ TOP, "endTime", OTHER, END },
	{ TOP, "weightUnit", OTHER, UNIT },
};

/* Where on its way to a node of the stack tree one is. */
enum standing { UNSEEN, ON_THE_WAY, PLACED, ASTRAY };

struct node {
	uint64_t id, parent_id; /* NO_ID: none */
	uint64_t hits;
	uint64_t offset; /* in the input, where it ends */
	size_t name_end,
		url_end;  /* of its parts of the buffer, where the one before ends it begins */
	uint32_t line;    /* from 1; 0: unknown */
	uint32_t parent;  /* index, or PROFILE_NONE */
	uint32_t samples; /* of it */
	uint32_t given;   /* of these, so many have their hits */
	uint32_t stack;   /* node of the profile */
	uint32_t depth;   /* in it; of the root 0 */
	enum standing standing;
	bool is_process; /* where it is outermost */
};

/* Somebody's child. */
struct child {
	uint64_t id;
	uint32_t parent; /* index */
};

struct read_sample {
	uint64_t id;
	uint64_t offset;
};

struct cpuprofile_reader {
	struct json_document document; /* the head */
	struct buffer nodes;           /* struct node */
	struct buffer names, urls;     /* text, one behind the other */
	struct buffer children;        /* struct child */
	struct buffer samples;         /* struct read_sample */
	struct buffer deltas;          /* int64_t: nanoseconds */
	struct node node;              /* that is being read */
	struct u64_map by_id;
	int64_t start_ns, end_ns; /* NO_TIME: not told */
	bool has_hits;
	bool is_no_time; /* weights are of another unit */
};

/* Of what is none, 0. In whole numbers from here on: their sums are exact. */
static int64_t ns_of(double us)
{
	double ns = round(us * NS_PER_US);

	return ns > -TOO_MUCH && ns < TOO_MUCH ? (int64_t)ns : 0;
}

static int append(struct buffer *to, const void *item, size_t size)
{
	buffer_append(to, item, size);
	return buffer_error(to);
}

static struct node *nodes_of(const struct cpuprofile_reader *reader, uint32_t *ret_count)
{
	*ret_count = (uint32_t)(reader->nodes.size / sizeof(struct node));
	return (struct node *)reader->nodes.data;
}

/* --- the document --- */

static int open_value(struct json_document *document, uint8_t place)
{
	struct cpuprofile_reader *reader = (struct cpuprofile_reader *)document;

	if (place == NODE)
		reader->node = (struct node){ .id = NO_ID, .parent_id = NO_ID };
	return 0;
}

static int add_node(struct cpuprofile_reader *reader)
{
	size_t count = reader->nodes.size / sizeof(struct node);

	if (count >= PROFILE_NONE)
		return -ENOMEM;
	reader->node.offset = json_document_offset(&reader->document);
	reader->node.name_end = reader->names.size;
	reader->node.url_end = reader->urls.size;
	reader->node.parent = PROFILE_NONE;
	return append(&reader->nodes, &reader->node, sizeof(reader->node));
}

static int close_value(struct json_document *document, uint8_t place)
{
	return place == NODE ? add_node((struct cpuprofile_reader *)document) : 0;
}

static uint64_t id_of(double number)
{
	return number >= 0 && number <= MAX_ID && floor(number) == number ? (uint64_t)number
									  : NO_ID;
}

static int add_child(struct cpuprofile_reader *reader, uint64_t id)
{
	struct child child = { id, (uint32_t)(reader->nodes.size / sizeof(struct node)) };

	return append(&reader->children, &child, sizeof(child));
}

static int add_sample(struct cpuprofile_reader *reader, uint64_t id)
{
	struct read_sample sample = { id, json_document_offset(&reader->document) };

	return append(&reader->samples, &sample, sizeof(sample));
}

static int take_number(struct json_document *document, uint8_t value, double number)
{
	struct cpuprofile_reader *reader = (struct cpuprofile_reader *)document;
	int64_t delta;

	switch (value) {
	case SAMPLE:
		return add_sample(reader, id_of(number));
	case DELTA:
		delta = ns_of(number);
		return append(&reader->deltas, &delta, sizeof(delta));
	case CHILD:
		return add_child(reader, id_of(number));
	case ID:
		reader->node.id = id_of(number);
		break;
	case PARENT:
		reader->node.parent_id = id_of(number);
		break;
	case HITS:
		reader->has_hits = true;
		reader->node.hits = number >= 1 && number < TOO_MUCH ? (uint64_t)number : 0;
		break;
	case LINE:
		reader->node.line =
			number >= 0 && number < UINT32_MAX - 1 ? (uint32_t)number + 1 : 0;
		break;
	case PROCESS:
		reader->node.is_process = number != 0;
		break;
	case START:
		reader->start_ns = ns_of(number);
		break;
	case END:
		reader->end_ns = ns_of(number);
		break;
	}
	return 0;
}

/* A node has one name and one URL: of several the last one. */
static int take_text(struct buffer *texts, size_t node_start, const char *text, size_t size)
{
	texts->size = node_start;
	return append(texts, text, size);
}

static int take_string(struct json_document *document, uint8_t value, const char *text, size_t size)
{
	struct cpuprofile_reader *reader = (struct cpuprofile_reader *)document;
	uint32_t count;
	const struct node *nodes = nodes_of(reader, &count);

	if (value == NAME)
		return take_text(&reader->names, count ? nodes[count - 1].name_end : 0, text, size);
	if (value == URL)
		return take_text(&reader->urls, count ? nodes[count - 1].url_end : 0, text, size);
	if (value == UNIT)
		reader->is_no_time = true;
	return 0;
}

/* --- the tree --- */

static int leave_out(struct cpuprofile_reader *reader, uint64_t offset, const char *why)
{
	read_report_add(reader->document.report, offset, why);
	return 0;
}

static void leave_out_node(struct cpuprofile_reader *reader, struct node *node, const char *why)
{
	leave_out(reader, node->offset, why);
	node->hits = 0;
}

static int index_nodes(struct cpuprofile_reader *reader)
{
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++)
		if (nodes[i].id == NO_ID)
			leave_out_node(reader, &nodes[i], "a node without an ID");
		else if (u64_map_get(&reader->by_id, nodes[i].id) != U64_MAP_ABSENT)
			leave_out_node(reader, &nodes[i], "a second node of its ID");
		else
			error = u64_map_set(&reader->by_id, nodes[i].id, i);
	return error;
}

static uint32_t find(const struct cpuprofile_reader *reader, uint64_t id)
{
	return id == NO_ID ? U64_MAP_ABSENT : u64_map_get(&reader->by_id, id);
}

static void find_parents(struct cpuprofile_reader *reader)
{
	const struct child *children = (const struct child *)reader->children.data;
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);

	for (uint32_t i = 0; i < count; i++)
		nodes[i].parent = find(reader, nodes[i].parent_id);
	for (size_t i = 0; i < reader->children.size / sizeof(*children); i++) {
		uint32_t child = find(reader, children[i].id);

		if (child == U64_MAP_ABSENT || children[i].parent >= count)
			continue;
		if (nodes[child].parent == PROFILE_NONE)
			nodes[child].parent = children[i].parent;
		else if (nodes[child].parent != children[i].parent)
			leave_out(reader, nodes[child].offset, "a node with two callers");
	}
}

/* A text of a node: `ends` tells the one before's. */
static const char *text_of(const struct buffer *texts, size_t start, size_t end, size_t *ret_size)
{
	*ret_size = end - start;
	return end > start ? texts->data + start : "";
}

static const char *name_of(const struct cpuprofile_reader *reader, uint32_t index, size_t *ret_size)
{
	uint32_t count;
	const struct node *nodes = nodes_of(reader, &count);

	return text_of(&reader->names, index ? nodes[index - 1].name_end : 0, nodes[index].name_end,
		       ret_size);
}

static const char *url_of(const struct cpuprofile_reader *reader, uint32_t index, size_t *ret_size)
{
	uint32_t count;
	const struct node *nodes = nodes_of(reader, &count);

	return text_of(&reader->urls, index ? nodes[index - 1].url_end : 0, nodes[index].url_end,
		       ret_size);
}

static bool is_root(const struct cpuprofile_reader *reader, uint32_t index)
{
	size_t size;
	const char *name = name_of(reader, index, &size);

	return size == strlen(ROOT_NAME) && !memcmp(name, ROOT_NAME, size);
}

static int place_in_source(struct profile *profile, const char *url, size_t size, uint32_t line,
			   struct frame *frame)
{
	size_t scheme = strlen(FILE_SCHEME);

	if (size > scheme && !memcmp(url, FILE_SCHEME, scheme)) {
		url += scheme;
		size -= scheme;
	}
	frame->line = line;
	return profile_intern(profile, url, size, &frame->file);
}

/* A script's function is code wherever it stands, and so are other tools' outermost frames. */
static int make_frame(struct cpuprofile_reader *reader, uint32_t index, size_t depth,
		      uint32_t *ret_frame)
{
	struct profile *profile = reader->document.profile;
	uint32_t count;
	const struct node *node = nodes_of(reader, &count) + index;
	size_t size, url_size;
	const char *name = name_of(reader, index, &size);
	const char *url = url_of(reader, index, &url_size);
	struct frame frame;
	int error;

	if (!size) {
		name = ANONYMOUS_NAME;
		size = strlen(name);
	}
	if (url_size || (!depth && !node->is_process))
		depth = FOLDED_DEPTHS - 1;
	error = folded_add_frame(profile, name, size, depth, ret_frame);
	if (error || !url_size)
		return error;
	frame = *profile_frame(profile, *ret_frame);
	error = place_in_source(profile, url, url_size, node->line, &frame);
	return error ? error : profile_add_frame(profile, frame, ret_frame);
}

/* Below its parent, which has its place. */
static int place_node(struct cpuprofile_reader *reader, uint32_t index)
{
	uint32_t count, frame;
	struct node *nodes = nodes_of(reader, &count), *node = &nodes[index];
	const struct node *parent = node->parent == PROFILE_NONE ? NULL : &nodes[node->parent];
	int error;

	node->standing = PLACED;
	node->stack = PROFILE_ROOT;
	node->depth = 0;
	if (!parent && is_root(reader, index))
		return 0;
	error = make_frame(reader, index, parent ? parent->depth : 0, &frame);
	node->depth = parent ? parent->depth + 1 : 1;
	return error ? error
		     : profile_add_child(reader->document.profile,
					 parent ? parent->stack : PROFILE_ROOT, frame,
					 &node->stack);
}

/* From a node upwards to one that has its place; `way`, uint32_t: those between. A circle, and what hangs on it, leads nowhere. */
static int climb(struct cpuprofile_reader *reader, uint32_t index, struct buffer *way,
		 bool *ret_is_astray)
{
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);

	buffer_clear(way);
	for (; index != PROFILE_NONE && nodes[index].standing == UNSEEN;
	     index = nodes[index].parent) {
		nodes[index].standing = ON_THE_WAY;
		buffer_append(way, &index, sizeof(index));
	}
	*ret_is_astray = index != PROFILE_NONE && nodes[index].standing != PLACED;
	return buffer_error(way);
}

static int place_nodes(struct cpuprofile_reader *reader)
{
	struct buffer way = { 0 };
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		bool is_astray;

		error = climb(reader, i, &way, &is_astray);
		for (size_t step = way.size / sizeof(uint32_t); step-- && !error;) {
			uint32_t index = ((const uint32_t *)way.data)[step];

			if (is_astray)
				nodes[index].standing = ASTRAY;
			else
				error = place_node(reader, index);
		}
	}
	buffer_release(&way);
	return error;
}

/* --- samples --- */

static int name_values(struct cpuprofile_reader *reader)
{
	static const char *const texts[] = { "samples", "count", "wall", "nanoseconds" };
	struct profile *profile = reader->document.profile;
	bool is_timed = reader->deltas.size && !reader->is_no_time;
	uint32_t ids[4];
	int error = 0;

	for (size_t i = 0; i < 4 && !error; i++)
		error = profile_intern(profile, texts[i], strlen(texts[i]), &ids[i]);
	if (error)
		return error;
	return profile_set_values(profile,
				  (struct value_type[]){ { ids[0], ids[1] }, { ids[2], ids[3] } },
				  is_timed ? 2 : 1);
}

static int add(struct cpuprofile_reader *reader, const struct node *node, struct sample sample,
	       const uint64_t *values, uint64_t offset)
{
	int error;

	reader->document.report->lines++;
	if (node->standing == ASTRAY)
		return leave_out(reader, offset, "a node that is its own caller, or below one");
	sample.node = node->stack;
	error = profile_add_sample(reader->document.profile, &sample, values);
	if (error == -EOVERFLOW)
		return leave_out(reader, offset, "the hits add up to more than 2^63 - 1");
	reader->document.report->stacks += !error;
	return error;
}

/* The hits of a node, which its samples share. */
static uint64_t share_of_hits(const struct cpuprofile_reader *reader, struct node *node)
{
	uint64_t share = 1;

	if (reader->has_hits)
		share = node->hits / node->samples + (node->given < node->hits % node->samples);
	node->given++;
	return share;
}

/* When each sample was, in place of its time since the one before. V8's clock may step back: then the one before counts. */
static void add_up_deltas(struct cpuprofile_reader *reader)
{
	int64_t *deltas = (int64_t *)reader->deltas.data;
	int64_t now = reader->start_ns > 0 ? reader->start_ns : 0, latest = now;

	for (size_t i = 0; i < reader->deltas.size / sizeof(*deltas); i++) {
		if (__builtin_add_overflow(now, deltas[i], &now))
			now = latest;
		latest = now > latest ? now : latest;
		deltas[i] = latest;
	}
}

/* Until the next one, of the last one until the end. */
static uint64_t duration_of(const struct cpuprofile_reader *reader, size_t sample)
{
	const int64_t *times = (const int64_t *)reader->deltas.data;
	size_t count = reader->deltas.size / sizeof(*times);
	int64_t end;

	if (sample >= count)
		return 0;
	end = sample + 1 < count ? times[sample + 1] : reader->end_ns;
	return end > times[sample] ? (uint64_t)(end - times[sample]) : 0;
}

static void count_samples(struct cpuprofile_reader *reader)
{
	const struct read_sample *samples = (const struct read_sample *)reader->samples.data;
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);

	for (size_t i = 0; i < reader->samples.size / sizeof(*samples); i++) {
		uint32_t index = find(reader, samples[i].id);

		if (index != U64_MAP_ABSENT)
			nodes[index].samples++;
	}
}

static int add_samples(struct cpuprofile_reader *reader)
{
	const struct read_sample *samples = (const struct read_sample *)reader->samples.data;
	const int64_t *times = (const int64_t *)reader->deltas.data;
	uint32_t count;
	struct node *nodes = nodes_of(reader, &count);
	int error = 0;

	for (size_t i = 0; i < reader->samples.size / sizeof(*samples) && !error; i++) {
		uint32_t index = find(reader, samples[i].id);
		bool is_timed = i < reader->deltas.size / sizeof(*times) && !reader->is_no_time;
		struct sample sample = { .labels = LABELS_UNKNOWN,
					 .time_ns =
						 is_timed ? (uint64_t)times[i] : SAMPLE_NO_TIME };
		uint64_t values[2] = { 0, duration_of(reader, i) };

		if (index == U64_MAP_ABSENT) {
			reader->document.report->lines++;
			leave_out(reader, samples[i].offset, "a node that is not there");
			continue;
		}
		values[0] = share_of_hits(reader, &nodes[index]);
		/* What closes the time of the last one is none. */
		if (values[0] || values[1])
			error = add(reader, &nodes[index], sample, values, samples[i].offset);
	}
	return error;
}

/* Where the single samples are not told. */
static int add_hits(struct cpuprofile_reader *reader)
{
	uint32_t count;
	const struct node *nodes = nodes_of(reader, &count);
	struct sample sample = { .labels = LABELS_UNKNOWN, .time_ns = SAMPLE_NO_TIME };
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++)
		if (nodes[i].hits && !nodes[i].samples)
			error = add(reader, &nodes[i], sample, (uint64_t[2]){ nodes[i].hits, 0 },
				    nodes[i].offset);
	return error;
}

static int add_all(struct json_document *document)
{
	struct cpuprofile_reader *reader = (struct cpuprofile_reader *)document;
	int error = index_nodes(reader);

	if (error)
		return error;
	find_parents(reader);
	count_samples(reader);
	add_up_deltas(reader);
	error = name_values(reader);
	if (!error)
		error = place_nodes(reader);
	if (!error)
		error = add_samples(reader);
	return error ? error : add_hits(reader);
}

/* --- the format --- */

/* JSON with what only these files have, in either order. */
static bool recognises(const char *bytes, size_t size)
{
	return json_begins_as_map(bytes, size) &&
	       (json_has(bytes, size, "\"timeDeltas\"") ||
		(json_has(bytes, size, "\"nodes\"") && json_has(bytes, size, "\"callFrame\"")));
}

static void release(struct json_document *document)
{
	struct cpuprofile_reader *reader = (struct cpuprofile_reader *)document;

	buffer_release(&reader->nodes);
	buffer_release(&reader->names);
	buffer_release(&reader->urls);
	buffer_release(&reader->children);
	buffer_release(&reader->samples);
	buffer_release(&reader->deltas);
	u64_map_release(&reader->by_id);
}

static const struct json_document_ops document_ops = {
	.state_size = sizeof(struct cpuprofile_reader),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(*keys),
	.open = open_value,
	.close = close_value,
	.number = take_number,
	.string = take_string,
	.end = add_all,
	.release = release,
};

static void *begin(struct profile *profile, struct read_report *report)
{
	struct cpuprofile_reader *reader = json_document_begin(&document_ops, profile, report);

	if (!reader)
		return NULL;
	u64_map_init(&reader->by_id);
	reader->start_ns = reader->end_ns = NO_TIME;
	return reader;
}

const struct profile_format cpuprofile_format = {
	.name = "cpuprofile",
	.summary = ".cpuprofile of Chrome's or Node's",
	.counts_bytes = true,
	.recognises = recognises,
	.begin = begin,
	.feed = json_document_feed,
	.finish = json_document_finish,
	.free = json_document_free,
};
