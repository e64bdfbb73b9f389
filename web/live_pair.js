// SPDX-License-Identifier: Apache-2.0
//
// Two profiles as one: that of a span, and that of one before, which is scaled to it. The tree has the stacks of both, so that what is gone is seen as well as what is new; of each node is known
// what it has after and before, and whether chance explains the difference: counts of samples are Poisson's, and a difference of less than three times their spread is none.
export { pairProfiles, PAIR_WIDTHS, changeWords, isChance };

import { amountText, shareText } from './plain_numbers.js';
import { orderNodes } from './sibling_order.js';

const PAIR_WIDTHS = {
	larger: (after, before) => Math.max(after, before),
	after: (after, before) => after + before * SLIVER,
	before: (after, before) => before + after * SLIVER,
};
const SLIVER = 1e-9;      // what has no width of its own is still there
const SPREADS = 3;
const SHADES = 16;
const PALEST = .22;       // of a ramp's colour in its last shade
const PAIR_RAMPS = { less: [26, 133, 255], more: [220, 50, 32], chance: [150, 146, 140] }; // two that the colour-blind tell apart, and grey
const PAPERS = { light: [255, 255, 255], dark: [29, 25, 22] };
const INKS = ['#000000', '#ffffff']; // one of them has a contrast of 4.5 on whatever colour

// --- colours ---------------------------------------------------------------------------------------

// WCAG 2's relative luminance.
function luminance(rgb) {
	const [red, green, blue] = rgb.map(value => value / 255 <= .04045 ? value / 255 / 12.92 : ((value / 255 + .055) / 1.055) ** 2.4);
	return .2126 * red + .7152 * green + .0722 * blue;
}

const hexOf = rgb => '#' + rgb.map(value => Math.round(value).toString(16).padStart(2, '0')).join('');

function pairShade(rgb, paper, part) {
	const mixed = rgb.map((value, k) => paper[k] + (value - paper[k]) * part);
	return { fill: hexOf(mixed), ink: luminance(mixed) > .179 ? INKS[0] : INKS[1] };
}

function pairRamps() {
	return Object.entries(PAIR_RAMPS).map(([name, rgb]) => ({ name, shades: Array.from({ length: SHADES }, (_, k) => {
		const part = 1 - (1 - PALEST) * k / (SHADES - 1);
		return { light: pairShade(rgb, PAPERS.light, part), dark: pairShade(rgb, PAPERS.dark, part) };
	}) }));
}

// --- frames and nodes ------------------------------------------------------------------------------

class FrameUnion {
	constructor() {
		this.rows = new Map(); // key → what the frame is
	}

	// The keys of a profile's frames.
	add({ frames, strings, kinds }, rampAt) {
		const text = index => index < 0 ? '' : strings[index], keys = [];
		for (let f = 0; f < frames.count; f++) {
			const row = { name: text(frames.name[f]), kind: kinds[frames.kind[f]], module: text(frames.module[f]), file: frames.file ? text(frames.file[f]) : '', line: frames.line ? frames.line[f] : 0,
				ramp: rampAt + frames.ramp[f], shade: frames.shade[f] };
			const key = [row.name, row.kind, row.module, row.file, row.line].join('\n');
			if (!this.rows.has(key)) this.rows.set(key, row);
			keys.push(key);
		}
		return keys;
	}

	// Ascending by name, kind, module, file and line, as those of a block are. Then `at` has the place of each key.
	finish(kinds) {
		const compare = (a, b) => a < b ? -1 : +(a > b), strings = [], stringAt = new Map();
		const sorted = [...this.rows].sort(([, a], [, b]) => compare(a.name, b.name) || kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compare(a.module, b.module) || compare(a.file, b.file) || a.line - b.line);
		const always = text => {
			if (!stringAt.has(text)) stringAt.set(text, strings.push(text) - 1);
			return stringAt.get(text);
		};
		const index = text => text === '' ? -1 : always(text);
		const column = (Kind, valueOf) => Kind.from(sorted, ([, row]) => valueOf(row));
		this.at = new Map(sorted.map(([key], f) => [key, f]));
		const frames = {
			count: sorted.length,
			name: column(Int32Array, row => always(row.name)),
			module: column(Int32Array, row => index(row.module)),
			file: column(Int32Array, row => index(row.file)),
			line: column(Uint32Array, row => row.line),
			kind: column(Uint8Array, row => kinds.indexOf(row.kind)),
			ramp: column(Uint8Array, row => row.ramp),
			shade: column(Uint8Array, row => row.shade),
		};
		if (!frames.line.some(Boolean)) frames.line = null;
		return { frames, strings };
	}
}

// Nodes of both, by their paths.
class NodeUnion {
	constructor(frameCount) {
		Object.assign(this, { frameCount, parent: [-1], frame: [-1], known: new Map() });
	}

	child(parent, frame) {
		const key = parent * this.frameCount + frame;
		let node = this.known.get(key);
		if (node === undefined) {
			node = this.parent.push(parent) - 1;
			this.frame.push(frame);
			this.known.set(key, node);
		}
		return node;
	}

	// Where each node of a profile is.
	add({ depth, frame }, frameAt) {
		const places = new Int32Array(depth.length), path = [0];
		for (let i = 1; i < depth.length; i++) {
			places[i] = this.child(path[depth[i] - 1], frameAt[frame[i]]);
			path[depth[i]] = places[i];
		}
		return places;
	}

	column(places, self, factor) {
		const sums = new Float64Array(this.parent.length);
		places.forEach((node, i) => { sums[node] += self[i] * factor; });
		return sums;
	}
}

// --- what is known of both -------------------------------------------------------------------------

class PairColumns {
	// Own ticks of each node; `factor`: those before were multiplied by it. `unit`: samples of a tick.
	constructor(after, before, factor, unit) {
		Object.assign(this, { cameAfter: after, cameBefore: before, after, before, factor, unit });
	}

	// `at`: per node as it came its place in another order.
	moveNodes(at) {
		const moved = column => {
			const to = new Float64Array(column.length);
			column.forEach((ticks, i) => { if (at[i] >= 0) to[at[i]] = ticks; });
			return to;
		};
		this.after = moved(this.cameAfter);
		this.before = moved(this.cameBefore);
	}

	// Of each node of a drawn tree its own, and with all that lies on it: { after, before, selfAfter, selfBefore }.
	totals(drawn) {
		const { tree, whole } = drawn, sum = column => {
			const sums = new Float64Array(tree.count);
			for (let i = 0; i < whole.count; i++) {
				const node = column[i] ? drawn.place(i) : -1;
				if (node >= 0) sums[node] += column[i];
			}
			return sums;
		};
		const up = self => {
			const totals = self.slice();
			for (let i = tree.count - 1; i > 0; i--) totals[tree.parent[i]] += totals[i];
			return totals;
		};
		const selfAfter = sum(this.after), selfBefore = sum(this.before);
		return { after: up(selfAfter), before: up(selfBefore), selfAfter, selfBefore };
	}

	// { ramp, shade }: what is drawn of a difference, where the ramps of it come first among `ramps`.
	look(after, before, first) {
		if (isChance(after, before, this)) return { ramp: first + 2, shade: 9 };
		const part = Math.abs(after - before) / Math.max(after, before);
		return { ramp: first + (after > before ? 1 : 0), shade: Math.round((SHADES - 1) * (1 - Math.sqrt(part))) };
	}
}

function isChance(after, before, { factor, unit }) {
	return Math.abs(after - before) * unit < SPREADS * Math.sqrt((after + before * factor) * unit) || after === before;
}

// "+0.40 s, +50.0 %", "new", "gone", "+1.0 ms, which may be chance"
function changeWords(facts, after, before, pair) {
	const sign = after < before ? '−' : '+', difference = `${sign}${amountText(facts, Math.abs(after - before))}`;
	if (isChance(after, before, pair)) return after === before ? 'none' : `${difference}, which may be chance`;
	return before === 0 ? `new, ${difference}` : after === 0 ? `gone, ${difference}` : `${difference}, ${sign}${shareText(Math.abs(after - before), before).replace('<', '')}`;
}

// What Profile.take() takes, of two profiles. `lengths`: of both spans; `isShare`: of the whole of each, else of time. `rate`: of samples, where
// the profiles tell time alone.
function pairProfiles(after, before, { width, isShare, lengths, rate }) {
	const sum = ({ nodes: { self } }) => self.reduce((all, ticks) => all + ticks, 0), union = new FrameUnion();
	const kinds = after.kinds.length ? after.kinds : before.kinds, ramps = [...pairRamps(), ...(after.ramps.length ? after.ramps : before.ramps)];
	const keys = [after, before].map(profile => union.add(profile, Object.keys(PAIR_RAMPS).length));
	const { frames, strings } = union.finish(kinds), nodes = new NodeUnion(frames.count + 1);
	const places = [after, before].map((profile, k) => nodes.add(profile.nodes, keys[k].map(key => union.at.get(key))));
	const factor = isShare ? sum(after) / (sum(before) || 1) || 1 : lengths.after / lengths.before;
	const ticks = [nodes.column(places[0], after.nodes.self, 1), nodes.column(places[1], before.nodes.self, factor)];
	const self = ticks[0].map((own, i) => PAIR_WIDTHS[width](own, ticks[1][i]));
	const ordered = orderNodes({ parent: Int32Array.from(nodes.parent), frame: Int32Array.from(nodes.frame), self }, 'name');
	const facts = after.nodes.depth.length > 1 ? after.facts : before.facts, unit = +facts.per_second ? (+facts.rate_hz || rate || +facts.per_second) / facts.per_second : 1;
	const columns = new PairColumns(ticks[0], ticks[1], factor, unit);
	columns.moveNodes(ordered.at);
	return {
		facts, kinds, strings, frames, ramps, nodes: ordered, fates: after.fates, samples: null,
		pair: new PairColumns(columns.after.subarray(0, ordered.depth.length), columns.before.subarray(0, ordered.depth.length), factor, unit),
	};
}
