// SPDX-License-Identifier: Apache-2.0
//
// What the colour of a frame says: its kind (as the profile has it), its module, its name, or its own share of the time. (Its thread: thread_colours.js.)
export { COLOUR_CHOICES, colouring, showLegend, showShareLegend };

import { shareText } from './plain_numbers.js';
import { functionSums } from './tree_shaping.js';

const COLOUR_CHOICES = { kind: 'kind', module: 'module', thread: 'thread', name: 'name', share: 'own share' };
const LEGEND_SHADE = 5;
const CHOICE_RAMPS = ['native', 'kernel', 'jit', 'interpreted', 'inlined'];

function textHash(text) {
	let hash = 2166136261;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
	hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d);
	return hash >>> 0;
}

function legendItem(word, colour) {
	const item = document.createElement('span'), swatch = document.createElement('i');
	swatch.style.background = colour;
	item.append(swatch, word);
	return item;
}

// The colours of the kinds that the profile has. Palettes that tell names apart have none.
function showLegend(element, profile, side) {
	const { frames, ramps } = profile, rampsOf = new Map();
	for (let f = 0; f < frames.count; f++) {
		const kind = profile.kindOf(f);
		if (kind === 'process' || kind === 'marker') continue;
		if (!rampsOf.has(kind)) rampsOf.set(kind, new Set());
		rampsOf.get(kind).add(frames.ramp[f]);
	}
	const items = [...rampsOf].filter(([, used]) => used.size === 1).map(([kind, [ramp]]) => legendItem(kind, ramps[ramp].shades[LEGEND_SHADE][side].fill));
	element.replaceChildren(...(items.length === rampsOf.size ? items : []));
}

const rampOf = (profile, name) => Math.max(0, profile.ramps.findIndex(ramp => ramp.name === name));

// Own ticks per frame, and of the one that has the most.
function ownShares(profile, tree) {
	const { self } = functionSums(tree, profile.frames.count);
	return { self, most: self.reduce((a, b) => Math.max(a, b), 0) };
}

// From nothing to what the heaviest function has.
function showShareLegend(element, profile, tree, side) {
	const look = (name, shade) => profile.ramps[rampOf(profile, name)].shades[shade][side].fill;
	element.replaceChildren(legendItem('nothing', look('unknown', 15)), legendItem('little', look(CHOICE_RAMPS[0], 15)),
		legendItem(shareText(ownShares(profile, tree).most, tree.whole), look(CHOICE_RAMPS[0], 0)));
}

// frame → { ramp, shade }, or null for the profile's own colours
function colouring(choice, profile, tree) {
	const unknown = rampOf(profile, 'unknown'), ramps = CHOICE_RAMPS.map(name => rampOf(profile, name));
	const byText = textOf => frame => {
		const text = textOf(frame), hash = textHash(text);
		return { ramp: text ? ramps[hash % ramps.length] : unknown, shade: hash >>> 8 & 15 };
	};
	if (choice === 'module') return byText(frame => profile.moduleOf(frame) || (profile.kindOf(frame) === 'kernel' ? '[kernel]' : ''));
	if (choice === 'name') return byText(profile.nameOf);
	if (choice !== 'share') return null;
	const { self, most } = ownShares(profile, tree);
	// Strong is much: shade 0 is the strongest.
	return frame => self[frame] ? { ramp: ramps[0], shade: Math.round(15 * (1 - Math.sqrt(self[frame] / most))) } : { ramp: unknown, shade: 15 };
}
