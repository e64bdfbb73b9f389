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

// Of a DrawnTree, as profile.fates has those of all.
function drawnFates(profile, drawn) {
	const { chosen, at, tree } = drawn, fates = { isKnown: profile.fates.isKnown, due: tree.whole, complete: tree.whole, truncated: 0, lost: 0, reasons: [] };
	if (tree === drawn.whole) return profile.fates;
	for (const { frame, fate, text } of profile.markers ??= readMarkers(profile)) {
		let ticks = 0;
		for (const node of chosen.nodesOf(frame)) ticks += at ? keptTicks(chosen, at, node) : chosen.total(node);
		if (!ticks) continue;
		fates.reasons.push({ fate, text, ticks });
		fates[fate] += ticks;
		fates.complete -= ticks;
	}
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
