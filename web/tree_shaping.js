// SPDX-License-Identifier: Apache-2.0
//
// Trees made of trees: what filters leave, and who calls a function and what it calls. All give the depth, frame and own ticks of
// nodes in the order of a walk from the root, as a profile's own; what is made of nodes of another tree, besides (`at`) where each of them went.
export { shapeNodes, passNodes, callersOf, calleesOf, functionSums };

import { FrameClasses } from './frame_classes.js';
import { FRAME_BASE, FRAME_FROM, FRAME_HIDDEN, FRAME_IGNORED, codeFrames, frameTraits } from './frame_filters.js';
import { orderNodes } from './sibling_order.js';

// A tree that grows by paths: nodes know their parent, children are found by their frame.
class GrowingTree {
	constructor(frameCount, rootFrame, most) {
		this.frameCount = frameCount;
		this.parent = new Int32Array(most + 1);
		this.frame = new Int32Array(most + 1);
		this.self = new Float64Array(most + 1);
		this.frame[0] = rootFrame;
		this.parent[0] = -1;
		this.count = 1;
		this.known = new Map();
	}

	child(parent, frame) {
		const key = parent * this.frameCount + frame;
		let node = this.known.get(key);
		if (node === undefined) {
			node = this.count++;
			if (node >= this.parent.length) this.grow();
			this.parent[node] = parent;
			this.frame[node] = frame;
			this.known.set(key, node);
		}
		return node;
	}

	grow() {
		for (const column of ['parent', 'frame', 'self']) {
			const longer = new this[column].constructor(2 * this[column].length);
			longer.set(this[column]);
			this[column] = longer;
		}
	}

	finish(order) {
		const cut = column => column.subarray(0, this.count);
		return orderNodes({ parent: cut(this.parent), frame: cut(this.frame), self: cut(this.self) }, order);
	}
}

// What the filters, [{ kind, text }], say of each node of a tree: `met` is what its stack has met down to it (the traits of frame_filters.js), `passes` has a 1 where its
// ticks stay. Throws a SyntaxError for a broken expression.
function passNodes(profile, tree, filters) {
	const { traits, wanted } = frameTraits(profile, filters), { count, parent, frame } = tree, met = new Uint32Array(count), passes = new Uint8Array(count);
	passes[0] = wanted ? 0 : 1;
	for (let i = 1; i < count; i++) {
		met[i] = met[parent[i]] | traits[frame[i]];
		passes[i] = (met[i] & wanted) === wanted && !(met[i] & FRAME_IGNORED) ? 1 : 0;
	}
	return { traits, wanted, met, passes };
}

class NodeShaper {
	constructor(profile, tree, filters, classes) {
		Object.assign(this, { profile, tree, classes }, passNodes(profile, tree, filters));
		this.collapses = filters.some(({ kind }) => kind === 'collapse-recursion');
		this.isCode = codeFrames(profile);
		this.grown = new GrowingTree(profile.frames.count, -1, tree.count);
	}

	// Is it the outermost function that a base means? Then nothing of its callers is needed for it.
	isBaseStart(i) {
		const { tree, traits, met } = this;
		return i && traits[tree.frame[i]] & FRAME_BASE && !(met[tree.parent[i]] & FRAME_BASE);
	}

	// A 1 for each node that a stack which is kept needs.
	needs() {
		const { tree, passes } = this, needs = new Uint8Array(tree.count);
		for (let i = tree.count - 1; i >= 0; i--) {
			if (passes[i] && tree.self(i)) needs[i] = 1;
			if (i && needs[i] && !this.isBaseStart(i)) needs[tree.parent[i]] = 1;
		}
		return needs;
	}

	// Where a stack starts whose callers are cut off and with them its process: behind the marker of its fate, if it has one.
	baseStart(i) {
		const { tree, profile, grown } = this;
		while (i > 0 && profile.kindOf(tree.frame[i]) !== 'marker') i = tree.parent[i];
		return i > 0 ? grown.child(0, tree.frame[i]) : 0;
	}

	// Are they the same function? Of whatever kind.
	isSame(a, b) {
		const { name, module } = this.profile.frames;
		return name[a] === name[b] && (this.classes.strips || module[a] === module[b]);
	}

	// Does the frame of a node become a part of its caller, the grown node `above`?
	isTakenOut(i, above) {
		const f = this.tree.frame[i], { wanted, traits, met, isCode, grown } = this;
		if (!isCode[f]) return false;
		if (wanted & FRAME_FROM && !(met[i] & FRAME_FROM) || traits[f] & FRAME_HIDDEN) return true;
		return this.collapses && above > 0 && isCode[grown.frame[above]] && this.isSame(grown.frame[above], f);
	}

	shape() {
		const { tree, grown, passes, classes: { first } } = this, needs = this.needs(), place = new Int32Array(tree.count);
		for (let i = 1; i < tree.count; i++) {
			if (!needs[i]) continue;
			const above = this.isBaseStart(i) ? this.baseStart(i) : place[tree.parent[i]], f = tree.frame[i];
			place[i] = this.isTakenOut(i, above) ? above : grown.child(above, first ? first[f] : f);
		}
		for (let i = 0; i < tree.count; i++) if (needs[i] && passes[i]) grown.self[place[i]] += tree.self(i);
		const nodes = grown.finish(tree.order);
		nodes.at = place.map((node, i) => needs[i] && passes[i] ? nodes.at[node] : -1);
		return nodes;
	}
}

// What the filters leave of a tree, with the frames that are one in these classes (FrameClasses) as one.
function shapeNodes(profile, tree, filters, classes = new FrameClasses(profile, filters)) {
	return new NodeShaper(profile, tree, filters, classes).shape();
}

// The places of a frame that lie on no other one of it: recursion counts once.
function outermost(tree, frame) {
	const places = [];
	let past = 0;
	for (const i of tree.nodesOf(frame)) {
		if (i < past) continue;
		places.push(i);
		past = tree.end[i];
	}
	return places;
}

// The root is the function, on it are its callers.
function callersOf(profile, tree, frame) {
	const grown = new GrowingTree(profile.frames.count, frame, 1024);
	for (const i of outermost(tree, frame)) {
		let node = 0;
		for (let at = tree.parent[i]; at > 0; at = tree.parent[at]) node = grown.child(node, tree.frame[at]);
		grown.self[node] += tree.total(i);
	}
	return grown.finish(tree.order);
}

// The root is the function, on it is what it calls.
function calleesOf(profile, tree, frame) {
	const grown = new GrowingTree(profile.frames.count, frame, 1024), place = new Map();
	for (const i of outermost(tree, frame)) {
		place.clear();
		place.set(i, 0);
		grown.self[0] += tree.self(i);
		for (let at = i + 1; at < tree.end[i]; at++) {
			if (!tree.total(at)) continue;
			const node = grown.child(place.get(tree.parent[at]), tree.frame[at]);
			place.set(at, node);
			grown.self[node] += tree.self(at);
		}
	}
	return grown.finish(tree.order);
}

// Per frame its own ticks, and those of all stacks that it is in.
function functionSums(tree, frameCount) {
	const self = new Float64Array(frameCount), total = new Float64Array(frameCount), open = new Int32Array(frameCount);
	const path = [], { depth, frame } = tree;
	for (let i = 1; i < tree.count; i++) {
		const f = frame[i], ticks = tree.total(i);
		if (!ticks) continue;
		while (path.length >= depth[i]) open[path.pop()]--;
		self[f] += tree.self(i);
		if (!open[f]) total[f] += ticks;
		open[f]++;
		path.push(f);
	}
	return { self, total };
}
