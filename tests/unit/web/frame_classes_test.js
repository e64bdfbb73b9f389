// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf, treeOf, wholeOf } from './block.js';
import { DrawnTree } from './drawn_tree.js';

const STACKS = { 'p||process;f|a.so|native|/x/f.c': 1, 'p||process;f|b.so|native|/x/f.c': 2, 'p||process;f|b.so|inlined|/x/g.c': 4, 'p||process;g|a.so|native|/x/g.c': 8, 'p||process;g|b.so|native|/y/g.c': 16 };

// { name: [ticks, module, file] } of the functions that are drawn; those of one name by their kind.
function functions(...filters) {
	const profile = profileOf(STACKS), { tree, classes } = new DrawnTree(profile, wholeOf(profile), filters.map(kind => ({ kind, text: '' }))), told = {};
	profile.classes = classes;
	for (let i = 2; i < tree.count; i++) {
		const frame = tree.frame[i], key = `${profile.nameOf(frame)} ${profile.kindOf(frame)}`;
		(told[key] ??= []).push([tree.total(i), profile.moduleOf(frame), profile.sourceOf(frame)]);
	}
	return told;
}

test('frames are what the block says', () => {
	assert.deepEqual(functions(), {
		'f native': [[1, 'a.so', '/x/f.c'], [2, 'b.so', '/x/f.c']], 'f inlined': [[4, 'b.so', '/x/g.c']], 'g native': [[8, 'a.so', '/x/g.c'], [16, 'b.so', '/y/g.c']],
	});
});

test('without modules those of one name and kind are one, of the file that all are of', () => {
	assert.deepEqual(functions('strip-modules'), { 'f native': [[3, '', '/x/f.c']], 'f inlined': [[4, '', '/x/g.c']], 'g native': [[24, '', '']] });
});

test('a base heads stacks at their outermost such function, behind the marker of their fate', () => {
	const profile = profileOf({ 'p||process;[lost:x]': 1, 'p||process;[truncated:x];a;f;b;f': 2, 'q||process;a;f;b': 4, 'q||process;a': 8 });
	const { tree } = new DrawnTree(profile, wholeOf(profile), [{ kind: 'base', text: 'f' }]);
	assert.deepEqual(treeOf(profile, tree), { 'p;[lost:x]': 1, '[truncated:x];f;b;f': 2, 'f;b': 4, 'q;a': 8 });
});

// As the block of a page that was asked for lines: main.c is in two folders.
const BY_LINE = { 'f|a.so|native|/x/main.c|3;g|a.so|native|/x/g.c|7': 1, 'f|a.so|native|/y/main.c|3;g|a.so|native|/x/g.c|8': 2, 'f|b.so|native|/x/main.c|3': 4, 'f|a.so|native|/x/main.c|4;h|a.so|native': 8 };

function namesOf(...kinds) {
	const profile = profileOf(BY_LINE), { tree, classes } = new DrawnTree(profile, wholeOf(profile), kinds.map(kind => ({ kind, text: '' })));
	profile.classes = classes;
	return { stacks: treeOf(profile, tree), sources: Array.from(tree.frame, frame => profile.sourceOf(frame)).slice(1) };
}

test('lines of a function are one frame, whose file is told if all agree', () => {
	assert.deepEqual(namesOf(), { stacks: { f: 4, 'f;g': 3, 'f;h': 8 }, sources: ['', '/x/g.c', '', '/x/main.c'] });
	assert.deepEqual(namesOf('strip-modules'), { stacks: { f: 4, 'f;g': 3, 'f;h': 8 }, sources: ['', '/x/g.c', ''] });
});

test('with lines frames are called by them, those of one name and line are one', () => {
	const stacks = { 'f (main.c:3)': 4, 'f (main.c:3);g (g.c:7)': 1, 'f (main.c:3);g (g.c:8)': 2, 'f (main.c:4);h': 8 };
	assert.deepEqual(namesOf('lines'), { stacks, sources: ['', '/x/g.c:7', '/x/g.c:8', '/x/main.c:4', '', '/x/main.c:3'] });
	assert.deepEqual(namesOf('lines', 'strip-modules').stacks, stacks);
});

test('of a profile without lines there are none to ask for', () => {
	const profile = profileOf(STACKS);
	assert.equal(profile.hasLines, false);
	assert.equal(new DrawnTree(profile, wholeOf(profile), [{ kind: 'lines', text: '' }]).tree.count, wholeOf(profile).count);
});
