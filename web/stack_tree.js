// SPDX-License-Identifier: Apache-2.0
//
// The tree of stacks, as typed arrays. Nodes are known by their index in a walk from the root: parents come before children,
// and what lies on node i is i + 1 ... end[i] - 1. Children stand side by side from their parent's left edge; all widths
// are in ticks. Per row (depth) the nodes stand in rowNode from left to right, with their frames and edges beside them, for binary search.
export { StackTree };

const NO_NODES = new Int32Array(0);

class StackTree {
	constructor({ depth, frame, self }) {
		this.count = depth.length;
		this.depth = depth;
		this.frame = frame;
		this.self = self;
		this.linkParents();
		this.sumTotals();
		this.placeNodes();
		this.fillRows();
		this.whole = this.all = this.total[0]; // `all`: of the tree that this one was made of
		this.ofFrame = null;
	}

	linkParents() {
		const { depth, count } = this, parent = new Int32Array(count), path = [0];
		parent[0] = -1;
		this.deepest = 0;
		for (let i = 1; i < count; i++) {
			const d = depth[i];
			parent[i] = path[d - 1];
			path[d] = i;
			if (d > this.deepest) this.deepest = d;
		}
		this.parent = parent;
	}

	sumTotals() {
		const { parent, count } = this, total = Float64Array.from(this.self), end = new Int32Array(count);
		for (let i = count - 1; i > 0; i--) {
			const p = parent[i];
			total[p] += total[i];
			if (!end[i]) end[i] = i + 1;
			if (end[p] < end[i]) end[p] = end[i];
		}
		if (!end[0]) end[0] = 1;
		this.total = total;
		this.end = end;
	}

	placeNodes() {
		const { parent, total, count } = this, start = new Float64Array(count), next = new Float64Array(count);
		for (let i = 1; i < count; i++) {
			const p = parent[i];
			start[i] = next[i] = next[p];
			next[p] += total[i];
		}
		this.start = start;
	}

	// `columns`: { node, frame, start, end } as long as there are nodes.
	fillRows(columns = this.rowColumns(this.count)) {
		const { depth, frame, start, total, count } = this, { node: rowNode, frame: rowFrame, start: rowStart, end: rowEnd } = columns;
		const first = new Int32Array(this.deepest + 2);
		for (let i = 0; i < count; i++) first[depth[i] + 1]++;
		for (let d = 0; d <= this.deepest; d++) first[d + 1] += first[d];
		const next = first.slice();
		for (let i = 0; i < count; i++) {
			const k = next[depth[i]]++;
			rowNode[k] = i;
			rowFrame[k] = frame[i];
			rowStart[k] = start[i];
			rowEnd[k] = start[i] + total[i];
		}
		Object.assign(this, { rowFirst: first, rowNode, rowFrame, rowStart, rowEnd });
	}

	rowColumns(count) {
		return { node: new Int32Array(count), frame: new Int32Array(count), start: new Float64Array(count), end: new Float64Array(count) };
	}

	// Room for a tree made of this one, which is used again and again: taking memory costs more than what is done in it.
	makeRoom() {
		const { count } = this, room = { rows: this.rowColumns(count) };
		for (const column of ['at', 'depth', 'frame', 'parent', 'end']) room[column] = new Int32Array(count);
		for (const column of ['allTotal', 'next', 'self', 'total', 'start']) room[column] = new Float64Array(count);
		return room;
	}

	// The same tree with other ticks (`self`, per node), without the nodes below which none is: { tree, at }, where `at` has for each node the one of
	// that tree, -1: none. Both last until it is called again.
	withTicks(self) {
		const { count, parent } = this, room = this.room ??= this.makeRoom(), { allTotal, at } = room;
		allTotal.set(self);
		for (let i = count - 1; i > 0; i--) if (allTotal[i] > 0) allTotal[parent[i]] += allTotal[i];
		let kept = 1;
		for (let i = 1; i < count; i++) at[i] = allTotal[i] > 0 ? kept++ : -1;
		const tree = Object.create(StackTree.prototype);
		tree.count = kept;
		tree.takeNodes(this, self, room);
		tree.fillRows(Object.fromEntries(Object.entries(room.rows).map(([name, column]) => [name, column.subarray(0, kept)])));
		tree.whole = tree.all = tree.total[0];
		tree.ofFrame = null;
		return { tree, at };
	}

	takeNodes(from, allSelf, room) {
		const { count } = this, { depth: allDepth, frame: allFrame, parent: allParent } = from, { at, allTotal, next } = room, all = at.length;
		const [depth, frame, parent, end] = ['depth', 'frame', 'parent', 'end'].map(name => room[name].subarray(0, count));
		const [self, total, start] = ['self', 'total', 'start'].map(name => room[name].subarray(0, count));
		let deepest = 0;
		frame[0] = parent[0] = -1;
		self[0] = allSelf[0];
		total[0] = allTotal[0];
		depth[0] = start[0] = next[0] = 0;
		for (let i = 1, k = 1; i < all; i++) {
			if (at[i] < 0) continue;
			const p = at[allParent[i]], ticks = allTotal[i], d = allDepth[i];
			if (d > deepest) deepest = d;
			depth[k] = d;
			frame[k] = allFrame[i];
			parent[k] = p;
			self[k] = allSelf[i];
			total[k] = ticks;
			start[k] = next[k] = next[p];
			next[p] += ticks;
			k++;
		}
		end.fill(0);
		for (let k = count - 1; k > 0; k--) {
			const p = parent[k];
			if (!end[k]) end[k] = k + 1;
			if (end[p] < end[k]) end[p] = end[k];
		}
		if (!end[0]) end[0] = 1;
		Object.assign(this, { depth, frame, parent, end, self, total, start, deepest });
	}

	// The right edges of nodes.
	endsOf(nodes) {
		const { start, total } = this, ends = new Float64Array(nodes.length);
		for (let k = 0; k < nodes.length; k++) ends[k] = start[nodes[k]] + total[nodes[k]];
		return ends;
	}

	// Where in `ends`, which ascend, from `low` on (and before `high`) the first is that lies right of `tick`.
	firstEndingAfter(ends, low, high, tick) {
		let step = 1, past = low; // most often it is near
		while (past < high && ends[past] <= tick) {
			low = past + 1;
			past += step;
			step *= 2;
		}
		if (past < high) high = past;
		while (low < high) {
			const middle = low + high >> 1;
			if (ends[middle] > tick) high = middle;
			else low = middle + 1;
		}
		return low;
	}

	// The node of row `d` at `tick`; -1: none.
	nodeAt(d, tick) {
		if (d < 0 || d > this.deepest) return -1;
		const k = this.firstEndingAfter(this.rowEnd, this.rowFirst[d], this.rowFirst[d + 1], tick);
		if (k >= this.rowFirst[d + 1]) return -1;
		const i = this.rowNode[k];
		return this.start[i] <= tick ? i : -1;
	}

	isWithin(i, of) {
		return i >= of && i < this.end[of];
	}

	*children(i) {
		for (let child = i + 1; child < this.end[i]; child = this.end[child]) yield child;
	}

	path(i) {
		const path = [];
		for (; i >= 0; i = this.parent[i]) path.unshift(i);
		return path;
	}

	// All nodes of a frame, in the order of the walk.
	nodesOf(frame) {
		if (frame < 0) return NO_NODES;
		if (!this.ofFrame) this.groupByFrame();
		if (frame + 1 >= this.ofFrame.first.length) return NO_NODES;
		return this.ofFrame.nodes.subarray(this.ofFrame.first[frame], this.ofFrame.first[frame + 1]);
	}

	groupByFrame() {
		const { frame, count } = this;
		let most = -1;
		for (let i = 1; i < count; i++) if (frame[i] > most) most = frame[i];
		const first = new Int32Array(most + 2), nodes = new Int32Array(count - 1);
		for (let i = 1; i < count; i++) first[frame[i] + 1]++;
		for (let f = 0; f <= most; f++) first[f + 1] += first[f];
		const next = first.slice();
		for (let i = 1; i < count; i++) nodes[next[frame[i]]++] = i;
		this.ofFrame = { first, nodes, masses: new Map() };
	}

	// Ticks of all places of a frame.
	massOfFrame(frame) {
		const nodes = this.nodesOf(frame), { masses } = this.ofFrame;
		if (!masses.has(frame)) masses.set(frame, this.massOf(nodes));
		return masses.get(frame);
	}

	// Ticks of several nodes, in the order of the walk, those that lie on another one not counted again.
	massOf(nodes) {
		let mass = 0, past = 0;
		for (const i of nodes) {
			if (i < past) continue;
			mass += this.total[i];
			past = this.end[i];
		}
		return mass;
	}
}
