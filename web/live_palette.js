// SPDX-License-Identifier: Apache-2.0
//
// Colours of the bands of the time chart. A value keeps its colour while the page is open, however its rank changes; where a colour is free, it is the same one in the next page as well.
export { BandColours };

const BAND_COLOURS = 8; // --band-0 ... of live_layout.css

class BandColours {
	constructor() {
		this.taken = new Map(); // value → index
	}

	// For values that stand side by side, the first one at the bottom: [index].
	choose(values) {
		for (const value of [...this.taken.keys()]) if (!values.includes(value) && this.taken.size > 4 * BAND_COLOURS) this.taken.delete(value);
		const used = new Set(), others = [];
		for (const value of values) {
			if (this.taken.has(value) && !used.has(this.taken.get(value))) used.add(this.taken.get(value));
			else others.push(value);
		}
		for (const value of others) {
			this.taken.set(value, this.freeOne(value, used));
			used.add(this.taken.get(value));
		}
		return values.map(value => this.taken.get(value));
	}

	freeOne(value, used) {
		let hash = 2166136261;
		for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 16777619);
		const first = (hash ^ hash >>> 15) >>> 0;
		for (let k = 0; k < BAND_COLOURS; k++) if (!used.has((first + k) % BAND_COLOURS)) return (first + k) % BAND_COLOURS;
		return first % BAND_COLOURS;
	}
}
