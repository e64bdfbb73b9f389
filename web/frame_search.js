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

// The nodes of a tree whose frames match: in the order of the walk, and per row from left to right.
class FrameSearch {
	constructor(profile) {
		this.profile = profile;
		this.clear();
	}

	clear() {
		this.query = '';
		this.problem = '';
		this.hits = null;
		this.nodes = new Int32Array(0);
		this.mass = 0;
		this.rows = null;
		this.current = -1;
	}

	run(text, tree) {
		this.clear();
		this.query = text;
		if (!text) return;
		try {
			this.hits = this.testFrames(nameTester(text));
			this.findNodes(tree);
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			this.problem = 'not a regular expression';
			this.hits = null;
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

	findNodes(tree) {
		const { hits } = this, { frame, end, depth, count } = tree;
		const nodes = new Int32Array(count), first = new Int32Array(tree.deepest + 2);
		let found = 0, past = 0;
		for (let i = 1; i < count; i++) {
			if (!hits[frame[i]] || !tree.total(i)) continue;
			nodes[found++] = i;
			first[depth[i] + 1]++;
			if (i < past) continue; // it lies on one that was counted
			this.mass += tree.total(i);
			past = end[i];
		}
		for (let d = 0; d <= tree.deepest; d++) first[d + 1] += first[d];
		const next = first.slice(), inRows = new Int32Array(found), ends = new Float64Array(found);
		for (let k = 0; k < found; k++) {
			const i = nodes[k], place = next[depth[i]]++;
			inRows[place] = i;
			ends[place] = tree.stop(i);
		}
		this.nodes = nodes.subarray(0, found);
		this.rows = { first, nodes: inRows, ends };
	}

	// The next or previous match, -1 without any.
	step(by) {
		const { length } = this.nodes;
		if (!length) return -1;
		if (this.current < 0) this.current = by > 0 ? 0 : length - 1;
		else this.current = (this.current + by + length) % length;
		return this.nodes[this.current];
	}
}
