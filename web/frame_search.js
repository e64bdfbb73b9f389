// SPDX-License-Identifier: Apache-2.0
//
// Search: plain text, case ignored unless the query has capitals; between slashes a regular expression.
export { FrameSearch, nameTester };

function nameTester(text) {
	const expression = /^\/(.+)\/(i?)$/s.exec(text);
	if (expression) {
		const regexp = new RegExp(expression[1], expression[2]);
		return name => regexp.test(name);
	}
	if (text !== text.toLowerCase()) return name => name.includes(text);
	return name => name.toLowerCase().includes(text);
}

const NO_MATCHES = { count: 0, mass: 0 };

// The nodes of a tree whose frames match. What they are is found out when somebody asks: a graph for its rows that are in view, others for the sum of all.
class FrameSearch {
	constructor(profile) {
		this.profile = profile;
		this.roomTree = null;
		this.clear();
	}

	clear() {
		this.query = '';
		this.problem = '';
		this.hits = null; // per frame a 1: it matches
		this.tree = this.listed = this.summed = null;
		this.rows = [];
		this.current = -1;
	}

	// The tree must not change until this is called again.
	run(text, tree) {
		this.clear();
		this.query = text;
		this.tree = tree;
		if (!text) return;
		try {
			this.hits = this.testFrames(nameTester(text));
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			this.problem = 'not a regular expression';
		}
	}

	// Each string is looked at once, however many frames have it.
	testFrames(test) {
		const { frames, strings, classes: { names } } = this.profile, hits = new Uint8Array(frames.count);
		const known = new Int8Array(strings.length);
		if (names) return hits.map((_, f) => test(names[f]) ? 1 : 0);
		for (let f = 0; f < frames.count; f++) {
			const name = frames.name[f];
			if (!known[name]) known[name] = test(strings[name]) ? 1 : -1;
			hits[f] = known[name] > 0 ? 1 : 0;
		}
		return hits;
	}

	// How many there are, and their ticks.
	get sums() {
		return this.summed ??= this.hits ? this.sumNodes() : NO_MATCHES;
	}

	sumNodes() {
		const { hits, tree } = this, { frame, end, count: all, placeCounts } = tree;
		let count = 0, mass = 0;
		for (let f = 0; f < placeCounts.length; f++) count += placeCounts[f] * hits[f];
		for (let i = 1; i < all; i++) {
			if (!hits[frame[i]]) continue;
			mass += tree.total(i);
			i = end[i] - 1; // what lies on it is not counted again
		}
		return { count, mass };
	}

	// In the order of the walk.
	get nodes() {
		return this.listed ??= this.listNodes();
	}

	listNodes() {
		const { hits, tree, sums: { count } } = this, nodes = new Int32Array(count);
		for (let i = 1, found = 0; found < count; i++) if (hits[tree.frame[i]] && tree.total(i)) nodes[found++] = i;
		return nodes;
	}

	// Those of a row, { nodes, starts, ends }, from left to right. They last until the next search.
	row(d) {
		return this.rows[d] ??= this.findRow(this.tree.rows[d], this.roomFor(d));
	}

	findRow(row, { frames, nodes, starts, ends }) {
		const { hits } = this;
		let found = 0;
		for (let k = 0; k < frames.length; k++) {
			if (!hits[frames[k]]) continue;
			nodes[found] = row.nodes[k];
			starts[found] = row.starts[k];
			ends[found++] = row.ends[k];
		}
		return { nodes: nodes.subarray(0, found), starts: starts.subarray(0, found), ends: ends.subarray(0, found) };
	}

	// Of a tree that is searched again and again: the frames of a row side by side, and room for what is found there.
	roomFor(d) {
		if (this.roomTree !== this.tree) Object.assign(this, { roomTree: this.tree, rooms: [] });
		return this.rooms[d] ??= this.makeRoom(this.tree.rows[d].nodes);
	}

	makeRoom(nodes) {
		const { length } = nodes;
		return { frames: nodes.map(i => this.tree.frame[i]), nodes: new Int32Array(length), starts: new Float64Array(length), ends: new Float64Array(length) };
	}

	// The next or previous match, -1 without any.
	step(by) {
		const { count } = this.sums;
		if (!count) return -1;
		if (this.current < 0) this.current = by > 0 ? 0 : count - 1;
		else this.current = (this.current + by + count) % count;
		return this.nodes[this.current];
	}
}
