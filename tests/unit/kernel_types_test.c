/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "profiler/kernel_types.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* struct outer { union { int here; struct other *link; }; const inner_t inside[3]; enum kind kind; } and some more. */
static struct btf *make_whole(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED), other, link, inner, list, kind,
	    either;

	btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "argument", number);
	other = btf__add_struct(btf, "other", 4);
	btf__add_field(btf, "unseen", number, 0, 0);
	link = btf__add_ptr(btf, other);
	inner = btf__add_struct(btf, "inner", 8);
	btf__add_field(btf, "first", number, 0, 0);
	btf__add_field(btf, "last", number, 32, 0);
	inner = btf__add_const(btf, btf__add_typedef(btf, "inner_t", inner));
	list = btf__add_array(btf, number, inner, 3);
	kind = btf__add_enum(btf, "kind", 4);
	btf__add_enum_value(btf, "one", 1);
	btf__add_enum_value(btf, "many", 7);
	either = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "here", number, 0, 0);
	btf__add_field(btf, "link", link, 0, 0);
	btf__add_struct(btf, "outer", 40);
	btf__add_field(btf, NULL, either, 0, 0);
	btf__add_field(btf, "inside", list, 64, 0);
	btf__add_field(btf, "kind", kind, 256, 0);
	return btf;
}

/* An object that names these structs. */
static struct btf *make_object(const char *const *names, size_t count)
{
	struct btf *btf = btf__new_empty();

	for (size_t i = 0; i < count; i++)
		assert_true(btf__add_struct(btf, names[i], 0) > 0);
	return btf;
}

static struct bytes raw(const struct btf *btf)
{
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);

	assert_non_null(data);
	return (struct bytes){ data, size };
}

static struct btf *select_types(struct bytes whole, const struct btf *object)
{
	struct buffer selected = { 0 };
	struct btf *btf;

	assert_int_equal(kernel_types_select(whole, object, &selected), 0);
	btf = btf__new(selected.data, (uint32_t)selected.size);
	assert_non_null(btf);
	buffer_release(&selected);
	return btf;
}

static void assert_same_members(const struct btf *whole, const struct btf *selected,
				const char *name)
{
	const struct btf_type *a, *b;

	a = btf__type_by_id(whole, (uint32_t)btf__find_by_name_kind(whole, name, BTF_KIND_STRUCT));
	b = btf__type_by_id(selected,
			    (uint32_t)btf__find_by_name_kind(selected, name, BTF_KIND_STRUCT));
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->info, b->info);
	for (uint32_t i = 0; i < btf_vlen(a); i++) {
		const struct btf_member *from = btf_members(a) + i, *to = btf_members(b) + i;

		assert_int_equal(from->offset, to->offset);
		assert_string_equal(btf__name_by_offset(whole, from->name_off),
				    btf__name_by_offset(selected, to->name_off));
		assert_int_equal(btf__resolve_size(whole, from->type),
				 btf__resolve_size(selected, to->type));
	}
}

static void test_takes_what_is_named_and_what_lies_in_it(void **state)
{
	const char *const names[] = { "outer___since_6_1", "not_of_this_kernel" };
	struct btf *whole = make_whole(), *object = make_object(names, 2);
	struct btf *selected = select_types(raw(whole), object);
	const struct btf_type *kind;

	(void)state;
	assert_same_members(whole, selected, "outer");
	assert_same_members(whole, selected, "inner");
	assert_true(btf__find_by_name_kind(selected, "other", BTF_KIND_STRUCT) < 0);
	kind = btf__type_by_id(selected,
			       (uint32_t)btf__find_by_name_kind(selected, "kind", BTF_KIND_ENUM));
	assert_int_equal(btf_vlen(kind), 2);
	assert_int_equal(btf_enum(kind)[1].val, 7);
	assert_string_equal(btf__name_by_offset(selected, btf_enum(kind)[1].name_off), "many");
	btf__free(selected);
	btf__free(object);
	btf__free(whole);
}

static void test_what_points_to_itself_ends(void **state)
{
	const char *const names[] = { "node" };
	struct btf *whole = btf__new_empty(), *object = make_object(names, 1), *selected;

	(void)state;
	btf__add_ptr(whole, 2);
	btf__add_struct(whole, "node", 8);
	btf__add_field(whole, "next", 1, 0, 0);
	selected = select_types(raw(whole), object);
	assert_int_equal(btf__type_cnt(selected), 3);
	assert_same_members(whole, selected, "node");
	btf__free(selected);
	btf__free(object);
	btf__free(whole);
}

static void test_takes_all_that_bear_the_name(void **state)
{
	const char *const names[] = { "node" };
	struct btf *whole = btf__new_empty(), *object = make_object(names, 1), *selected;

	(void)state;
	btf__add_struct(whole, "node", 8);
	btf__add_struct(whole, "edge", 8);
	btf__add_struct(whole, "node", 16);
	selected = select_types(raw(whole), object);
	assert_int_equal(btf__type_cnt(selected), 3);
	btf__free(selected);
	btf__free(object);
	btf__free(whole);
}

/* Whatever it says, it is read within its bounds. */
static void test_damaged_ones_are_refused(void **state)
{
	const char *const names[] = { "outer", "kind" };
	struct btf *whole = make_whole(), *object = make_object(names, 2);
	struct bytes bytes = raw(whole);
	struct buffer selected = { 0 };

	(void)state;
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *cut = malloc(size + 1);

		memcpy(cut, bytes.data, size);
		assert_int_equal(
			kernel_types_select((struct bytes){ cut, size }, object, &selected),
			-EOPNOTSUPP);
		free(cut);
	}
	buffer_release(&selected);
	btf__free(object);
	btf__free(whole);
}

static void test_each_byte_may_be_any(void **state)
{
	const char *const names[] = { "outer", "kind" };
	struct btf *whole = make_whole(), *object = make_object(names, 2);
	struct bytes bytes = raw(whole);
	uint8_t *mutant = malloc(bytes.size);

	(void)state;
	for (size_t at = 0; at < bytes.size; at++) {
		for (unsigned int value = 0; value < 256; value++) {
			struct buffer selected = { 0 };
			int error;

			memcpy(mutant, bytes.data, bytes.size);
			mutant[at] = (uint8_t)value;
			error = kernel_types_select((struct bytes){ mutant, bytes.size }, object,
						    &selected);
			assert_true(!error || error == -EOPNOTSUPP);
			buffer_release(&selected);
		}
	}
	free(mutant);
	btf__free(object);
	btf__free(whole);
}

static void test_kinds_that_are_not_known_are_refused(void **state)
{
	const char *const names[] = { "outer" };
	struct btf *whole = make_whole(), *object = make_object(names, 1);
	struct bytes bytes = raw(whole);
	uint8_t *later = malloc(bytes.size);
	struct buffer selected = { 0 };

	(void)state;
	memcpy(later, bytes.data, bytes.size);
	later[sizeof(struct btf_header) + 7] = 31; /* the kind of the first type */
	assert_int_equal(
		kernel_types_select((struct bytes){ later, bytes.size }, object, &selected),
		-EOPNOTSUPP);
	free(later);
	btf__free(object);
	btf__free(whole);
}

static void test_this_kernel(void **state)
{
	const char *const names[] = { "task_struct", "mm_struct", "inode___before_6_6",
				      "vm_area_struct", "mount" };
	struct btf *object = make_object(names, sizeof(names) / sizeof(names[0]));
	struct btf *whole, *selected;
	struct kernel_types types;

	(void)state;
	if (access(KERNEL_BTF, R_OK)) {
		btf__free(object);
		print_message("this kernel has no BTF\n");
		skip();
	}
	assert_int_equal(kernel_types_init(&types), 0);
	assert_int_equal(kernel_types_fill(&types, object), 0);
	whole = btf__parse(KERNEL_BTF, NULL);
	selected = btf__parse(types.path, NULL);
	assert_non_null(whole);
	assert_non_null(selected);
	assert_true(btf__type_cnt(selected) < btf__type_cnt(whole) / 10);
	assert_same_members(whole, selected, "task_struct");
	assert_same_members(whole, selected, "mm_struct");
	assert_same_members(whole, selected, "inode");
	assert_same_members(whole, selected, "vm_area_struct");
	assert_same_members(whole, selected, "mount");
	kernel_types_release(&types);
	btf__free(selected);
	btf__free(whole);
	btf__free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_what_is_named_and_what_lies_in_it),
		cmocka_unit_test(test_what_points_to_itself_ends),
		cmocka_unit_test(test_takes_all_that_bear_the_name),
		cmocka_unit_test(test_damaged_ones_are_refused),
		cmocka_unit_test(test_each_byte_may_be_any),
		cmocka_unit_test(test_kinds_that_are_not_known_are_refused),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
