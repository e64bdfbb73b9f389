// SPDX-License-Identifier: Apache-2.0
//
// The words that shape a profile, with the meaning that `hearth render` gives them (model/shape.h): what each says of frames. Processes and markers of
// fates are no code: they stay, whatever is cut or hidden; a process can be met by focus, ignore and base, a marker by nothing.
export { FILTER_KINDS, FRAME_HIDDEN, FRAME_IGNORED, FRAME_FROM, FRAME_BASE, codeFrames, frameTraits, traitsOfKind };

import { nameTester } from './frame_search.js';

const FRAME_HIDDEN = 1, FRAME_IGNORED = 2, FRAME_FROM = 4, FRAME_BASE = 8, FRAME_FOCUS = 16; // each focus has a bit of its own, from there on

// `asks`: what its text is; without, it takes none. `hits(profile, text)` has a 1 for each frame that it means, which gets the trait. `canChange(profile)`: can it
// make a difference? Without, it always can.
const FILTER_KINDS = {
	focus: { what: 'only stacks with it', asks: 'pattern', hits: matchFrames, trait: FRAME_FOCUS },
	ignore: { what: 'no stacks with it', asks: 'pattern', hits: matchFrames, trait: FRAME_IGNORED },
	hide: { what: 'its frames merged into their callers', asks: 'pattern', hits: matchFrames, trait: FRAME_HIDDEN },
	'show-from': { what: 'stacks from it on, and no others', asks: 'pattern', hits: matchFrames, trait: FRAME_FROM },
	base: { what: 'stacks with exactly this function from it on', asks: 'name', hits: framesOfName, trait: FRAME_BASE },
	'no-kernel': { what: 'kernel code merged into its callers', hits: framesOfKind('kernel'), trait: FRAME_HIDDEN, canChange: profile => profile.hasKind('kernel') },
	'no-inlines': { what: 'inlined calls merged into their callers', hits: framesOfKind('inlined'), trait: FRAME_HIDDEN, canChange: profile => profile.hasKind('inlined') },
	'strip-modules': { what: 'one name is one function, in whatever file', canChange: hasTwins },
	'collapse-recursion': { what: 'direct recursion as one frame' },
	lines: { what: 'frames by line: NAME (FILE:LINE)', canChange: profile => profile.hasLines },
};

// Frames of one name stand side by side.
function hasTwins(profile) {
	const { count, name, module } = profile.frames, isCode = codeFrames(profile);
	for (let f = 1; f < count; f++) if (name[f] === name[f - 1] && module[f] !== module[f - 1] && isCode[f] && isCode[f - 1]) return true;
	return false;
}

// A 1 for each frame that is code.
function codeFrames({ frames, kinds }) {
	const [process, marker] = ['process', 'marker'].map(kind => kinds.indexOf(kind));
	return frames.kind.map(kind => kind === process || kind === marker ? 0 : 1);
}

// Those whose name matches, or whose MODULE/NAME does where the pattern holds a slash itself. Each string is looked at once, however many frames have it.
function matchFrames({ frames, strings }, text) {
	const { name, module } = frames, test = nameTester(text), known = new Int8Array(strings.length), hits = new Uint8Array(frames.count);
	const seesModules = (/^\/(.+)\/i?$/s.exec(text)?.[1] ?? text).includes('/');
	for (let f = 0; f < frames.count; f++) {
		if (!known[name[f]]) known[name[f]] = test(strings[name[f]]) ? 1 : -1;
		hits[f] = known[name[f]] > 0 || (seesModules && module[f] >= 0 && test(`${strings[module[f]]}/${strings[name[f]]}`)) ? 1 : 0;
	}
	return hits;
}

function framesOfName({ frames, strings }, text) {
	const wanted = strings.indexOf(text);
	return Uint8Array.from(frames.name, name => name === wanted ? 1 : 0);
}

function framesOfKind(kind) {
	return ({ frames, kinds }) => frames.kind.map(each => each === kinds.indexOf(kind) ? 1 : 0);
}

// The traits that a frame of this kind can have.
function traitsOfKind(kind) {
	return kind === 'marker' ? 0 : kind === 'process' ? ~(FRAME_HIDDEN | FRAME_FROM) : -1;
}

// What the filters, [{ kind, text }], say of each frame, as bits; a stack is kept that has met all of `wanted` and nothing that is ignored. Throws a SyntaxError for a
// broken expression.
function frameTraits(profile, filters) {
	const { frames, kinds } = profile, traits = new Uint32Array(frames.count), possible = kinds.map(traitsOfKind);
	let wanted = 0, focus = FRAME_FOCUS;
	for (const { kind, text } of filters) {
		const { hits, trait } = FILTER_KINDS[kind], bit = kind === 'focus' ? focus : trait;
		if (!hits) continue;
		hits(profile, text).forEach((hit, f) => { if (hit) traits[f] |= bit & possible[frames.kind[f]]; });
		if (kind === 'focus') focus *= 2;
		if (kind === 'focus' || kind === 'show-from') wanted |= bit;
	}
	return { traits, wanted };
}
