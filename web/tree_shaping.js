// SPDX-License-Identifier: Apache-2.0
//
// Trees made of trees: what filters leave, and who calls a function and what it calls. All give the depth, frame and own ticks of
// nodes in the order of a walk from the root, as a profile's own; what is made of nodes of another tree, besides (`at`) where each of them went.
export { shapeNodes, passNodes, callersOf, calleesOf, functionSums, FILTER_KINDS };

import { nameTester } from './frame_search.js';

// What each does with the stacks that have a frame which matches.
const FILTER_KINDS = {
	focus: 'only stacks with it',
	ignore: 'no stacks with it',
	hide: 'its frames merged into their callers',
	'show-from': 'stacks from it on',
	'collapse-recursion': 'direct recursion as one frame',
};

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

	// Nodes below which no tick is are left out; children stand in the order of their frames, which is that of their names, or as they came.
	finish(keepsOrder) {
		const { parent, frame, self, count } = this, has = new Uint8Array(count), first = new Int32Array(count + 1);
		for (let i = count - 1; i >= 0; i--) {
			if (self[i]) has[i] = 1;
			if (i && has[i]) has[parent[i]] = 1;
		}
		let left = 1;
		has[0] = 1;
		for (let i = 1; i < count; i++) {
			if (!has[i]) continue;
			first[parent[i] + 1]++;
			left++;
		}
		for (let i = 0; i < count; i++) first[i + 1] += first[i];
		const next = first.slice(), children = new Int32Array(left);
		for (let i = 1; i < count; i++) if (has[i]) children[next[parent[i]]++] = i;
		return this.walk(first, children, left, keepsOrder ? null : (a, b) => frame[a] - frame[b]);
	}

	walk(first, children, left, order) {
		const nodes = { depth: new Int32Array(left), frame: new Int32Array(left), self: new Float64Array(left), at: new Int32Array(this.count).fill(-1) };
		const pending = [0], depths = new Int32Array(this.count);
		for (let at = 0; pending.length; at++) {
			const i = pending.pop();
			nodes.at[i] = at;
			nodes.depth[at] = depths[i];
			nodes.frame[at] = this.frame[i];
			nodes.self[at] = this.self[i];
			const own = children.subarray(first[i], first[i + 1]);
			if (order && own.length > 1) own.sort(order);
			for (let k = own.length - 1; k >= 0; k--) {
				depths[own[k]] = depths[i] + 1;
				pending.push(own[k]);
			}
		}
		return nodes;
	}
}

// The frames that a filter means.
function filterHits(profile, text) {
	const test = nameTester(text), { strings, frames } = profile, hits = new Uint8Array(frames.count);
	const known = strings.map(() => -1);
	for (let f = 0; f < frames.count; f++) {
		const name = frames.name[f];
		if (known[name] < 0) known[name] = +test(strings[name]);
		hits[f] = known[name];
	}
	return hits;
}

// What the filters, [{ kind, text }], say of each node of a tree: `met` is bits, one for each thing that its stack has met; `passes` has a 1 where the ticks of a
// node stay. Several filters of one kind must all be met, or each do its part. Throws a SyntaxError for a broken expression.
function passNodes(profile, tree, filters) {
	const of = kind => filters.filter(filter => filter.kind === kind).map(filter => filterHits(profile, filter.text));
	const focus = of('focus'), ignore = of('ignore'), from = of('show-from'), { count, parent, frame } = tree;
	const starts = from.map((_, k) => 2 ** (focus.length + k)), all = 2 ** (focus.length + from.length) - 1;
	const met = new Uint32Array(count), out = new Uint8Array(count), passes = new Uint8Array(count);
	passes[0] = all ? 0 : 1;
	for (let i = 1; i < count; i++) {
		const f = frame[i], p = parent[i];
		let bits = met[p];
		focus.forEach((hits, k) => { if (hits[f]) bits |= 2 ** k; });
		from.forEach((hits, k) => { if (hits[f]) bits |= starts[k]; });
		met[i] = bits;
		out[i] = out[p] || ignore.some(hits => hits[f]) ? 1 : 0;
		passes[i] = !out[i] && bits === all ? 1 : 0;
	}
	return { met, passes, starts, hide: of('hide') };
}

function shapeNodes(profile, tree, filters) {
	const { met, passes, starts, hide } = passNodes(profile, tree, filters);
	const collapses = filters.some(filter => filter.kind === 'collapse-recursion');
	const { count, parent, frame } = tree, grown = new GrowingTree(profile.frames.count, -1, count), place = new Int32Array(count);
	for (let i = 0; i < count; i++) {
		if (i && !tree.total(i)) continue;
		const above = i ? place[parent[i]] : 0, f = frame[i], bits = met[i], self = tree.self(i);
		const merges = !i || !starts.every(bit => bits & bit) || hide.some(hits => hits[f]) || (collapses && above && grown.frame[above] === f);
		place[i] = merges ? above : grown.child(above, f);
		if (self && passes[i]) grown.self[place[i]] += self;
	}
	const nodes = grown.finish(Boolean(profile.facts.no_sort));
	nodes.at = place.map((node, i) => passes[i] && tree.total(i) ? nodes.at[node] : -1);
	return nodes;
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
	return grown.finish(false);
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
	return grown.finish(false);
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
