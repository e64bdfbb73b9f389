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
