// SPDX-License-Identifier: Apache-2.0
//
// Draws pages without a browser: of each row of standard input, JSON [{ path, order, filters: [{ kind, text }] }], the stacks that the page at `path` then has, as
// JSON [[[ticks, [name, module, kind], ...]]], in the order of the walk.
import { readFileSync } from 'node:fs';
import { DrawnTree, wholeTree } from './drawn_tree.js';
import { readEmbedded } from './profile_data.js';

const pages = new Map();

async function open(path) {
	const [, textContent] = /<script type="text\/plain" id="profile">([^<]*)</.exec(readFileSync(path, 'utf8')), profile = await readEmbedded({ textContent });
	return profile;
}

function stacksOf(profile, drawn) {
	const { tree } = drawn, stacks = [];
	profile.classes = drawn.classes;
	const told = i => [profile.nameOf(tree.frame[i]), profile.moduleOf(tree.frame[i]), profile.kindOf(tree.frame[i])];
	for (let i = 0; i < tree.count; i++) if (tree.self(i)) stacks.push([tree.self(i), ...tree.path(i).slice(1).map(told)]);
	return stacks;
}

const drawn = [];
for (const { path, order, filters } of JSON.parse(readFileSync(0, 'utf8'))) {
	if (!pages.has(path)) pages.set(path, await open(path));
	const profile = pages.get(path);
	drawn.push(stacksOf(profile, new DrawnTree(profile, wholeTree(profile, order), filters)));
}
console.log(JSON.stringify(drawn));
