// SPDX-License-Identifier: Apache-2.0
//
// The tree of stacks, as typed arrays. Nodes are known by their index in a walk from the root: parents come before children,
// and what lies on node i is i + 1 ... end[i] - 1. Children stand side by side from their parent's left edge, and right of them what ended in the parent itself; all widths
// are in ticks.
//
// So the own ticks of the nodes stand from left to right in the order in which a walk leaves the nodes, children before parents: before it leaves node i it has left
// end[i] - 1 - depth[i] others, and before it comes to it i - depth[i]. `edges` has the ticks of the first so many that are left: it alone tells what each node has and where
// it stands. A tree with other ticks is the same but for this column; nodes without ticks are then in no row, and nobody's children.
export { StackTree };

const NO_NODES = new Int32Array(0);

// What lies on what.
class TreeShape {
	constructor(depth, frame) {
		this.count = depth.length;
		this.depth = depth;
		this.frame = frame;
		this.linkNodes();
		this.countRows();
		this.byFrame = null;
	}

	linkNodes() {
		const { depth, count } = this, parent = new Int32Array(count), end = new Int32Array(count), path = [0];
		let deepest = 0, open = 0;
		parent[0] = -1;
		for (let i = 1; i < count; i++) {
			const d = depth[i];
			for (; open >= d; open--) end[path[open]] = i;
			parent[i] = path[d - 1];
			path[d] = i;
			open = d;
			if (d > deepest) deepest = d;
		}
		for (; open >= 0; open--) end[path[open]] = count;
		Object.assign(this, { parent, end, deepest });
	}

	// Per row how many nodes are in those below it.
	countRows() {
		const { depth, count } = this, first = new Int32Array(this.deepest + 2);
		for (let i = 0; i < count; i++) first[depth[i] + 1]++;
		for (let d = 0; d <= this.deepest; d++) first[d + 1] += first[d];
		this.rowFirst = first;
	}

	// All nodes of a frame, in the order of the walk.
	nodesOf(frame) {
		const { first, nodes } = this.byFrame ??= this.groupByFrame();
		return frame >= 0 && frame + 1 < first.length ? nodes.subarray(first[frame], first[frame + 1]) : NO_NODES;
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
		return { first, nodes };
	}
}

class StackTree {
	// `self`: own ticks per node. `order`: the one in which siblings stand (sibling_order.js). `shape` and `room`: of a tree of the same nodes.
	constructor({ depth, frame, self, order = 'name', shape = new TreeShape(depth, frame), room = StackTree.roomFor(shape.count) }) {
		const { count, parent, end } = shape;
		Object.assign(this, { shape, room, order, count, parent, end, depth: shape.depth, frame: shape.frame });
		this.takeTicks(self);
		this.fillRows();
		this.whole = this.all = this.stop(0); // `all`: of the tree that this one was made of
		this.base = this; // the tree whose whole shares are of
		this.places = new Map();
	}

	static roomFor(count) {
		return { edges: new Float64Array(count + 1), nodes: new Int32Array(count), starts: new Float64Array(count), ends: new Float64Array(count) };
	}

	takeTicks(self) {
		const { depth, end, count } = this, { edges } = this.room;
		edges[0] = 0;
		for (let i = 0; i < count; i++) edges[end[i] - depth[i]] = self[i];
		for (let k = 1; k <= count; k++) edges[k] += edges[k - 1];
		this.edges = edges;
	}

	// Row d is { nodes, starts, ends }, from left to right.
	fillRows() {
		const { depth, end, count, edges } = this, { nodes, starts, ends } = this.room, { rowFirst } = this.shape, next = rowFirst.slice();
		for (let i = 0; i < count;) {
			const d = depth[i], start = edges[i - d], stop = edges[end[i] - d];
			if (i && start === stop) {
				i = end[i];
				continue;
			}
			const k = next[d]++;
			nodes[k] = i++;
			starts[k] = start;
			ends[k] = stop;
		}
		this.rows = [];
		for (let d = 0; d <= this.shape.deepest && next[d] > rowFirst[d]; d++)
			this.rows.push(Object.fromEntries(Object.entries({ nodes, starts, ends }).map(([name, column]) => [name, column.subarray(rowFirst[d], next[d])])));
		this.deepest = this.rows.length - 1;
	}

	// The same tree with other ticks. It lasts until this is called again: taking memory costs more than what is done in it.
	withTicks(self) {
		this.otherRoom ??= StackTree.roomFor(this.count);
		return new StackTree({ self, order: this.order, shape: this.shape, room: this.otherRoom });
	}

	// --- ticks ---------------------------------------------------------------------------------

	start(i) {
		return this.edges[i - this.depth[i]];
	}

	// The right edge.
	stop(i) {
		return this.edges[this.end[i] - this.depth[i]];
	}

	total(i) {
		const { edges } = this, d = this.depth[i];
		return edges[this.end[i] - d] - edges[i - d];
	}

	self(i) {
		const { edges } = this, k = this.end[i] - this.depth[i];
		return edges[k] - edges[k - 1];
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
		const { nodes, starts, ends } = this.rows[d], k = this.firstEndingAfter(ends, 0, ends.length, tick);
		return k < ends.length && starts[k] <= tick ? nodes[k] : -1;
	}

	isWithin(i, of) {
		return i >= of && i < this.end[of];
	}

	// --- nodes ---------------------------------------------------------------------------------

	*children(i) {
		for (let child = i + 1; child < this.end[i]; child = this.end[child]) if (this.total(child)) yield child;
	}

	hasChildren(i) {
		return this.total(i) > this.self(i);
	}

	path(i) {
		const path = [];
		for (; i >= 0; i = this.parent[i]) path.unshift(i);
		return path;
	}

	// All nodes of a frame, in the order of the walk.
	nodesOf(frame) {
		return this.placesOf(frame).nodes;
	}

	// What a node is said to have of its own; -1: nothing is said.
	own(i) {
		return this.self(i);
	}

	// Own ticks of all places of a frame.
	selfOfFrame(frame) {
		return this.nodesOf(frame).reduce((sum, i) => sum + this.self(i), 0);
	}

	// Per frame how many nodes are of it.
	get placeCounts() {
		return this.counts ??= this.countPlaces();
	}

	countPlaces() {
		const { frame, count } = this, counts = [];
		for (let i = 1; i < count; i++) if (this.total(i)) counts[frame[i]] = (counts[frame[i]] || 0) + 1;
		return Uint32Array.from(counts, places => places || 0);
	}

	// Ticks of all places of a frame.
	massOfFrame(frame) {
		const places = this.placesOf(frame);
		return places.mass ??= this.massOf(places.nodes);
	}

	placesOf(frame) {
		let places = this.places.get(frame);
		if (!places) this.places.set(frame, places = { nodes: this.shape.nodesOf(frame).filter(i => this.total(i)) });
		return places;
	}

	// Ticks of several nodes, in the order of the walk, those that lie on another one not counted again.
	massOf(nodes) {
		let mass = 0, past = 0;
		for (const i of nodes) {
			if (i < past) continue;
			mass += this.total(i);
			past = this.end[i];
		}
		return mass;
	}
}
