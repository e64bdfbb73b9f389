/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/kernel_word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/kallsyms.h"

#define BPF_TAG_DIGITS 16

static bool begins_with(const char *text, const char *begin)
{
	return !strncmp(text, begin, strlen(begin));
}

/*
 * As the kernel calls what it compiles: kernel/bpf/core.c, trampoline.c, bpf_struct_ops.c (no function of its own begins
 * so), and net/core/filter.c for the only dispatcher, whose own functions have more behind that.
 */
static bool is_bpf(const char *function)
{
	static const char program[] = "bpf_prog_", trampoline[] = "bpf_trampoline_";
	static const char operation[] = "bpf__", dispatcher[] = "bpf_dispatcher_xdp";
	const char *tag = function + strlen(program);

	if (begins_with(function, program))
		return strspn(tag, "0123456789abcdef") == BPF_TAG_DIGITS;
	if (begins_with(function, operation) || !strcmp(function, dispatcher))
		return true;
	return begins_with(function, trampoline) &&
	       strspn(function + strlen(trampoline), "0123456789") > 0;
}

/* A name may hold any character; the last "+0x" ends it. */
static const char *find_offset(const char *text)
{
	const char *found = NULL;

	for (const char *at = strstr(text, "+0x"); at; at = strstr(at + 1, "+0x"))
		found = at;
	return found;
}

static bool copy(const char *from, size_t size, char *to, size_t room)
{
	if (!size || size >= room)
		return false;
	memcpy(to, from, size);
	to[size] = '\0';
	return true;
}

/* What is behind the size: nothing, or " [MODULE]". */
static bool parse_module(const char *rest, struct kernel_word *word)
{
	const char *end;

	if (!*rest) {
		snprintf(word->module, sizeof(word->module), "%s",
			 word->is_made ? "bpf" : "kernel");
		return true;
	}
	if (!begins_with(rest, " ["))
		return false;
	rest += 2;
	end = strchr(rest, ']');
	return end && !end[1] &&
	       copy(rest, (size_t)(end - rest), word->module, sizeof(word->module));
}

bool kernel_word_parse(const char *text, uint64_t address, struct kernel_word *ret_word)
{
	const char *at = find_offset(text);
	uint64_t offset;
	char *end;

	if (!at || !copy(text, (size_t)(at - text), ret_word->function, sizeof(ret_word->function)))
		return false;
	if (kallsyms_is_mark(ret_word->function))
		return false;
	offset = strtoull(at + 1, &end, 16);
	if (offset > address || !begins_with(end, "/0x"))
		return false;
	strtoull(end + 1, &end, 16);
	ret_word->start = address - offset;
	ret_word->is_made = is_bpf(ret_word->function);
	return parse_module(end, ret_word);
}
