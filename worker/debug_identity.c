/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/debug_identity.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "elf/elf_file.h"
#include "symbolize/supplement.h"
#include "worker/file_owner.h"
#include "worker/local_files.h"
#include "worker/opener.h"

void debug_identity_read(struct elf_file *file, struct debug_identity *ret_identity)
{
	*ret_identity = (struct debug_identity){ 0 };
	build_id_read(file, &ret_identity->build_id);
	ret_identity->has_link = !debuglink_read(file, &ret_identity->link);
}

void debug_identity_read_supplement(struct elf_file *file, struct debug_identity *identity)
{
	identity->has_supplement = !altlink_read(file, &identity->supplement);
}

bool debug_identity_fits(const struct debug_identity *identity,
			 const struct debug_candidate *candidate)
{
	const struct debug_file_query query = {
		.build_id = &identity->build_id,
		.link = identity->has_link ? &identity->link : NULL,
	};

	return debug_file_fits(&query, candidate->fd, candidate->way);
}

static void say_supplement(const struct altlink *link, struct debug_identity_said *said)
{
	size_t length = strlen(link->below_dwz);

	said->supplement_id_bytes = (uint32_t)link->build_id.size;
	memcpy(said->supplement_id, link->build_id.bytes, sizeof(said->supplement_id));
	if (length < sizeof(said->supplement_below_dwz))
		memcpy(said->supplement_below_dwz, link->below_dwz, length);
}

static bool hear_supplement(const struct debug_identity_said *said, struct debug_identity *identity)
{
	struct altlink *link = &identity->supplement;

	if (said->supplement_id_bytes > BUILD_ID_MAX_BYTES || said->supplement_below_dwz[NAME_MAX])
		return false;
	identity->has_supplement = said->supplement_id_bytes != 0;
	link->build_id.size = said->supplement_id_bytes;
	memcpy(link->build_id.bytes, said->supplement_id, sizeof(said->supplement_id));
	memcpy(link->below_dwz, said->supplement_below_dwz, sizeof(said->supplement_below_dwz));
	return !link->below_dwz[0] || altlink_stays_below(link->below_dwz);
}

void debug_identity_say(const struct debug_identity *identity, struct debug_identity_said *ret_said)
{
	*ret_said = (struct debug_identity_said){
		.build_id_bytes = (uint32_t)identity->build_id.size,
		.has_link = identity->has_link,
		.crc = identity->link.crc,
	};
	memcpy(ret_said->build_id, identity->build_id.bytes, sizeof(ret_said->build_id));
	memcpy(ret_said->link_name, identity->link.name, sizeof(ret_said->link_name));
	if (identity->has_supplement)
		say_supplement(&identity->supplement, ret_said);
}

bool debug_identity_hear(const struct debug_identity_said *said,
			 struct debug_identity *ret_identity)
{
	struct debug_identity identity = { .has_link = said->has_link != 0 };

	if (said->build_id_bytes > BUILD_ID_MAX_BYTES)
		return false;
	identity.build_id.size = said->build_id_bytes;
	memcpy(identity.build_id.bytes, said->build_id, sizeof(said->build_id));
	if (identity.has_link) {
		memcpy(identity.link.name, said->link_name, sizeof(said->link_name));
		identity.link.crc = said->crc;
		if (identity.link.name[NAME_MAX] || !debuglink_is_base_name(identity.link.name))
			return false;
	}
	if (!hear_supplement(said, &identity))
		return false;
	*ret_identity = identity;
	return true;
}

bool debug_identity_is_known(const struct debug_identity *identity)
{
	return identity->build_id.size || identity->has_link;
}

/* What fails together: a folder of debug files, or one in which programs are. */
static uint64_t place_of(const char *path)
{
	const char *end = strstr(path, "/.build-id/");

	if (!end)
		end = strrchr(path, '/');
	return hash_bytes(path, end ? (size_t)(end - path) : strlen(path));
}

static int ask_opener(struct opener *opener, const struct opener_request *request, int *ret_fd)
{
	struct opener_answer answer;
	int error = opener_open(opener, request, &answer);

	if (!error)
		*ret_fd = answer.fd;
	return error;
}

static int open_candidate(void *context, const char *path, bool follow, int *ret_fd)
{
	const struct debug_places *places = context;
	const struct opener_request request = {
		.what = follow ? OPENER_FILE : OPENER_FILE_NO_LINKS,
		.device = place_of(path),
		.user = follow ? OPENER_USER_FOLDERS : OPENER_USER_BESIDE,
		.place.path = path,
	};
	int error = local_files_open(places->local_files, path, follow, ret_fd);

	return error == -EWOULDBLOCK ? ask_opener(places->opener, &request, ret_fd) : error;
}

/* A place that a file names. */
struct named_place {
	const struct debug_places *places;
	uint32_t owner; /* of that file */
};

static int open_named(void *context, const char *path, bool follow, int *ret_fd)
{
	const struct named_place *named = context;
	const struct opener_request request = {
		.what = follow ? OPENER_FILE : OPENER_FILE_NO_LINKS,
		.device = place_of(path),
		.user = named->owner == FILE_OWNER_ANYBODY ? OPENER_USER_BESIDE : named->owner,
		.place.path = path,
		.is_named = true,
		.named_by = named->owner,
	};
	int error = local_files_open_named(named->places->local_files, path, follow, named->owner,
					   ret_fd);

	return error == -EWOULDBLOCK ? ask_opener(named->places->opener, &request, ret_fd) : error;
}

int debug_identity_search(const struct debug_identity *identity, const char *path,
			  const struct debug_places *places, debug_file_judge_fn judge,
			  void *context)
{
	const struct debug_file_access access = { open_candidate, (void *)places };
	const struct debug_file_query query = {
		.build_id = &identity->build_id,
		.link = identity->has_link ? &identity->link : NULL,
		.path = path,
		.folders = places->folders,
		.access = places->opener ? &access : NULL,
	};

	return debug_identity_is_known(identity) ? debug_file_search(&query, judge, context)
						 : -ENOENT;
}

int debug_identity_search_supplement(const struct debug_identity *identity,
				     const struct debug_places *places, debug_file_judge_fn judge,
				     void *context)
{
	const struct debug_file_access access = { open_candidate, (void *)places };
	const struct debug_file_judge asked = { judge, context, places->opener ? &access : NULL };

	return identity->has_supplement
		       ? supplement_search(&identity->supplement, places->folders, &asked)
		       : -ENOENT;
}

static bool take_any(void *context, int *fd, enum debug_file_way way)
{
	int *taken = context;

	(void)way;
	*taken = take_fd(fd);
	return true;
}

int debug_identity_search_split(const struct split_file_wanted *wanted, uint32_t owner,
				const struct debug_places *places, int *ret_fd)
{
	struct named_place named = { places, owner };
	const struct debug_file_access access = { open_named, &named };
	const struct debug_file_judge judge = { take_any, ret_fd, &access };

	return places->opener ? split_file_search(NULL, wanted, &judge) : -ENOENT;
}
