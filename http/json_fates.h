/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEARTH_HTTP_JSON_FATES_H
#define HEARTH_HTTP_JSON_FATES_H

struct api_fates;
struct json_answer;

/* {"due": ..., "complete": ..., "truncated": {REASON: ticks}, "lost": {...}} */
void json_append_fates(struct json_answer *json, const struct api_fates *fates);

#endif
