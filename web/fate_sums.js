// SPDX-License-Identifier: Apache-2.0
//
// What became of the ticks of a part of the profile: its markers say so (model/fates.h), frames as others are.
export { drawnFates, untimedLosses };

const MARKER_FATES = ['truncated', 'lost'];

// [{ frame, fate, text }]
function readMarkers(profile) {
	const markers = [];
	for (let frame = 0; frame < profile.frames.count; frame++) {
		if (profile.kindOf(frame) !== 'marker') continue;
		const [, fate, text] = /^\[([a-z]+):(.+)\]$/s.exec(profile.nameOf(frame)) || [];
		if (MARKER_FATES.includes(fate)) markers.push({ frame, fate, text });
	}
	return markers;
}

// The ticks of each marker's nodes, without those of markers below them: a tick is the innermost one's. In the order of markers.
function sumMarkers(markers, { chosen, at }) {
	const sums = new Float64Array(markers.length), over = [];
	const places = markers.flatMap(({ frame }, marker) => Array.from(chosen.nodesOf(frame), node => ({ node, marker }))).sort((a, b) => a.node - b.node);
	for (const { node, marker } of places) {
		const ticks = at ? keptTicks(chosen, at, node) : chosen.total(node);
		while (over.length && chosen.end[over.at(-1).node] <= node) over.pop();
		if (over.length) sums[over.at(-1).marker] -= ticks;
		sums[marker] += ticks;
		over.push({ node, marker });
	}
	return sums;
}

const REASONS_MOST = 64; // model/fates.h

// Of a DrawnTree, as profile.fates has those of all.
function drawnFates(profile, drawn) {
	const { tree } = drawn, fates = { isKnown: profile.fates.isKnown, due: tree.whole, complete: tree.whole, truncated: 0, lost: 0, reasons: [] };
	if (tree === drawn.whole) return profile.fates;
	const markers = profile.markers ??= readMarkers(profile), rows = new Map();
	sumMarkers(markers, drawn).forEach((ticks, i) => {
		if (!ticks) return;
		const { fate } = markers[i], text = rows.size < REASONS_MOST || rows.has(`${fate} ${markers[i].text}`) ? markers[i].text : 'other', key = `${fate} ${text}`;
		if (!rows.has(key)) rows.set(key, { fate, text, ticks: 0 });
		rows.get(key).ticks += ticks;
		fates[fate] += ticks;
		fates.complete -= ticks;
	});
	fates.reasons = Array.from(rows.values());
	return fates;
}

// Lost ticks of no known time, of the chosen threads: a recorder may tell only how many there were.
function untimedLosses(profile, { threads, whole }) {
	const lost = new Set((profile.markers ??= readMarkers(profile)).filter(marker => marker.fate === 'lost').flatMap(({ frame }) => Array.from(whole.nodesOf(frame))));
	return profile.samples.sumUntimed(threads, lost);
}

function keptTicks(tree, at, node) {
	let ticks = 0;
	for (let i = node; i < tree.end[node]; i++) if (at[i] >= 0) ticks += tree.self(i);
	return ticks;
}
