// SPDX-License-Identifier: Apache-2.0
//
// A profile as the page uses it, out of the block that render/profile_block.h describes. This is the one way in: whoever
// gets a block from elsewhere (a file, a server) gives it to decodeProfile() and has what all the views take.
export { readEmbedded, decodeProfile, blankProfile };

import { FrameClasses } from './frame_classes.js';
import { readSamples } from './profile_samples.js';

class BlockReader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}

	number() {
		let value = 0, scale = 1, byte;
		do {
			if (this.at >= this.bytes.length) throw new RangeError('the profile is cut off');
			byte = this.bytes[this.at++];
			value += (byte & 127) * scale;
			scale *= 128;
		} while (byte > 127);
		return value;
	}

	run(size) {
		if (size > this.bytes.length - this.at) throw new RangeError('the profile is cut off');
		this.at += size;
		return this.bytes.subarray(this.at - size, this.at);
	}

	text() {
		return new TextDecoder().decode(this.run(this.number()));
	}

	// A column of `count` numbers as a typed array of that kind.
	column(count, Kind) {
		const column = new BlockReader(this.run(this.number())), values = new Kind(count);
		for (let i = 0; i < count; i++) values[i] = column.number();
		return values;
	}
}

function readSections(bytes) {
	const reader = new BlockReader(bytes), sections = new Map();
	if (new TextDecoder().decode(reader.run(4)) !== 'HPB1') throw new TypeError('no profile of a kind that is known');
	while (reader.at < bytes.length) {
		const tag = new TextDecoder().decode(reader.run(4));
		sections.set(tag, new BlockReader(reader.run(reader.number())));
	}
	return sections;
}

function readFacts(section) {
	const facts = {};
	for (let left = section.number(); left > 0; left--) {
		const key = section.text();
		facts[key] = section.text();
	}
	return facts;
}

function readTexts(section) {
	return Array.from({ length: section.number() }, () => section.text());
}

// All strings are put together with a line break behind each, which no clean text has, and decoded at once.
function readStrings(section) {
	const count = section.number();
	const shares = section.column(count, Uint32Array), sizes = section.column(count, Uint32Array);
	const rests = section.run(section.number());
	let whole = 0;
	for (let i = 0; i < count; i++) whole += shares[i] + sizes[i] + 1;
	const bytes = new Uint8Array(whole);
	let at = 0, from = 0, before = 0;
	for (let i = 0; i < count; i++) {
		const start = at;
		bytes.copyWithin(at, before, before + shares[i]);
		at += shares[i];
		bytes.set(rests.subarray(from, from + sizes[i]), at);
		at += sizes[i];
		from += sizes[i];
		bytes[at++] = 10;
		before = start;
	}
	return count ? new TextDecoder().decode(bytes.subarray(0, at - 1)).split('\n') : [];
}

function readFrames(section) {
	const count = section.number();
	const name = section.column(count, Int32Array), module = section.column(count, Int32Array);
	const kind = section.column(count, Uint8Array);
	for (let i = 0, at = 0; i < count; i++) {
		at += name[i] >>> 1 ^ -(name[i] & 1);
		name[i] = at;
		module[i]--;
	}
	return { count, name, module, kind };
}

function readLines(section, frames) {
	frames.file = section ? section.column(frames.count, Int32Array).map(file => file - 1) : null;
	frames.line = section ? section.column(frames.count, Uint32Array) : null;
}

function readLook(section, frames) {
	const colour = () => '#' + Array.from(section.run(3), byte => byte.toString(16).padStart(2, '0')).join('');
	const ramps = Array.from({ length: section.number() }, () => ({
		name: section.text(),
		shades: Array.from({ length: 16 }, () => ({
			light: { fill: colour(), ink: colour() },
			dark: { fill: colour(), ink: colour() },
		})),
	}));
	frames.ramp = section.column(frames.count, Uint8Array);
	frames.shade = section.column(frames.count, Uint8Array);
	return ramps;
}

// Depth, frame and own ticks of each node in the order of a walk from the root, which is node 0 and has no frame.
function readNodes(section) {
	const rootTicks = section.number(), count = section.number();
	const ups = section.column(count, Uint32Array), frames = section.column(count, Int32Array);
	const ticks = section.column(count, Float64Array);
	const depth = new Int32Array(count + 1), frame = new Int32Array(count + 1), self = new Float64Array(count + 1);
	frame[0] = -1;
	self[0] = rootTicks;
	frame.set(frames, 1);
	self.set(ticks, 1);
	for (let i = 1; i <= count; i++) depth[i] = depth[i - 1] + 1 - ups[i - 1];
	return { depth, frame, self };
}

function readFates(section) {
	const [isKnown, due, complete, truncated, lost, count] = Array.from({ length: 6 }, () => section.number());
	const reasons = Array.from({ length: count }, () => ({
		fate: section.number() === 1 ? 'truncated' : 'lost',
		text: section.text(),
		ticks: section.number(),
	}));
	return { isKnown: isKnown === 1, due, complete, truncated, lost, reasons };
}

// What a profile is made of: { facts, kinds, strings, frames, ramps, nodes, fates, samples (a SampleTable or null) }, and what is asked of its frames: kindOf(), functionOf() and, as
// they are drawn (`classes`, FrameClasses), nameOf(), moduleOf(), sourceOf(). Who holds one asks it anew each time, for it can become another.
class Profile {
	constructor(parts) {
		this.take(parts);
	}

	// Becomes another one, in the hands of all who hold it. `pair`: of two in one, what each node has of both (live_pair.js).
	take({ facts, kinds, strings, frames, ramps, nodes, fates, samples, pair = null }) {
		Object.assign(this, { facts, kinds, strings, frames, ramps, nodes, fates, samples, pair, markers: undefined });
		this.hasLines = Boolean(frames.line?.some(Boolean));
		this.classes = new FrameClasses(this);
	}

	hasKind = kind => this.frames.kind.includes(this.kinds.indexOf(kind));
	kindOf = frame => frame < 0 ? 'root' : this.kinds[this.frames.kind[frame]];
	functionOf = frame => frame < 0 ? 'all' : this.strings[this.frames.name[frame]];
	nameOf = frame => frame < 0 ? 'all' : this.classes.nameOf(frame);
	moduleOf = frame => frame < 0 ? '' : this.classes.moduleOf(frame);
	sourceOf = frame => frame < 0 ? '' : this.classes.sourceOf(frame);
}

function decodeProfile(bytes) {
	const sections = readSections(bytes), frames = readFrames(sections.get('fram'));
	readLines(sections.get('line'), frames);
	return new Profile({
		facts: readFacts(sections.get('info')),
		kinds: readTexts(sections.get('kind')),
		strings: readStrings(sections.get('strs')),
		frames,
		ramps: readLook(sections.get('look'), frames),
		nodes: readNodes(sections.get('tree')),
		fates: readFates(sections.get('fate')),
		samples: readSamples(sections),
	});
}

// Of nothing.
function blankProfile() {
	const frames = { count: 0, file: null, line: null };
	for (const column of ['name', 'module', 'kind', 'ramp', 'shade']) frames[column] = new Int32Array(0);
	return new Profile({
		facts: {}, kinds: [], strings: [], frames, ramps: [], samples: null,
		nodes: { depth: Int32Array.of(0), frame: Int32Array.of(-1), self: Float64Array.of(0) },
		fates: { isKnown: false, due: 0, complete: 0, truncated: 0, lost: 0, reasons: [] },
	});
}

function fromBase64(text) {
	if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
	const letters = atob(text), bytes = new Uint8Array(letters.length);
	for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
	return bytes;
}

// The profile in an element of a saved page.
async function readEmbedded(element) {
	const deflated = new Blob([fromBase64(element.textContent)]).stream();
	const inflated = deflated.pipeThrough(new DecompressionStream('deflate'));
	return decodeProfile(new Uint8Array(await new Response(inflated).arrayBuffer()));
}
