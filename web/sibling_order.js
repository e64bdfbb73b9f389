// SPDX-License-Identifier: Apache-2.0
//
// The order of what stands side by side in a tree: by name, the largest first, or as it came.
export { SIBLING_ORDERS, orderNodes, parentsOf };

// What is said of a picture whose order is not the one by name.
const SIBLING_ORDERS = { name: '', total: 'the largest first', time: 'in the order of arrival' };

const SHORT_RUN = 12;

// Of nodes in the order of a walk, the root first.
function parentsOf(depth) {
	const parent = new Int32Array(depth.length), path = [];
	parent[0] = -1;
	for (let i = 0; i < depth.length; i++) {
		if (i) parent[i] = path[depth[i] - 1];
		path[depth[i]] = i;
	}
	return parent;
}

// Per node its ticks with those of what lies on it, and how many nodes have some of these.
function sumSubtrees(parent, self) {
	const total = Float64Array.from(self), size = new Int32Array(self.length);
	for (let i = self.length - 1; i > 0; i--) {
		if (!total[i]) continue;
		size[i]++;
		total[parent[i]] += total[i];
		size[parent[i]] += size[i];
	}
	return { total, size };
}

// The children of node i are children[first[i]] ... children[first[i + 1] - 1].
function sortChildren({ parent, frame }, { total, size }, order) {
	const count = parent.length, first = new Int32Array(count + 1), children = new Int32Array(size[0]);
	for (let i = 1; i < count; i++) if (size[i]) first[parent[i] + 1]++;
	for (let i = 0; i < count; i++) first[i + 1] += first[i];
	const next = first.slice(0, count);
	for (let i = 1; i < count; i++) if (size[i]) children[next[parent[i]]++] = i;
	if (order !== 'time') sortRuns(first, children, order === 'total' ? (a, b) => total[b] - total[a] || frame[a] - frame[b] : (a, b) => frame[a] - frame[b]);
	return { first, children };
}

// Most runs are short, or sorted already.
function sortRuns(first, values, compare) {
	for (let i = 0; i + 1 < first.length; i++) {
		const start = first[i], end = first[i + 1];
		if (end - start > SHORT_RUN) {
			values.subarray(start, end).sort(compare);
			continue;
		}
		for (let k = start + 1; k < end; k++) {
			const value = values[k];
			let to = k;
			for (; to > start && compare(values[to - 1], value) > 0; to--) values[to] = values[to - 1];
			values[to] = value;
		}
	}
}

// Nodes, of which each parent comes before its children and siblings stand as they came, in the order of a walk in which siblings stand in this order: { depth, frame, self },
// and `at`, where each node went; -1: nowhere, for it has no ticks, and nothing on it has.
function orderNodes({ parent, frame, self }, order) {
	const count = parent.length, sums = sumSubtrees(parent, self), { size } = sums, { first, children } = sortChildren({ parent, frame }, sums, order);
	const left = size[0] + 1, at = new Int32Array(count).fill(-1), depth = new Int32Array(left), frames = new Int32Array(left), selfs = new Float64Array(left);
	at[0] = 0;
	for (let i = 0; i < count; i++) {
		const place = at[i];
		if (place < 0) continue;
		frames[place] = frame[i];
		selfs[place] = self[i];
		for (let k = first[i], next = place + 1; k < first[i + 1]; k++) {
			const child = children[k];
			at[child] = next;
			depth[next] = depth[place] + 1;
			next += size[child];
		}
	}
	return { depth, frame: frames, self: selfs, at };
}
