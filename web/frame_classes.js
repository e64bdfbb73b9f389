// SPDX-License-Identifier: Apache-2.0
//
// Which frames of a profile are one in what is drawn of it, and what such a one is called. Frames of a function that differ by their line only, which a profile has where it
// was asked for lines, are one, and with the filter "lines" those of one line are, called by it, as model/frame_lines.h has it; with "strip-modules" those of whatever module.
export { FrameClasses };

class FrameClasses {
	// `filters`: [{ kind, text }]
	constructor(profile, filters = []) {
		const has = wanted => filters.some(({ kind }) => kind === wanted);
		this.profile = profile;
		this.strips = has('strip-modules');
		this.tellsLines = profile.hasLines && has('lines');
		this.names = this.tellsLines ? this.nameLines() : null; // per frame, where that is not its function's name
		this.first = this.strips || profile.hasLines ? this.group() : null; // per frame the first of those that it is one with; null: each is by itself
	}

	isLike({ strips, tellsLines }) {
		return this.strips === strips && this.tellsLines === tellsLines;
	}

	// "NAME (FILE:LINE)", with the file's base name.
	nameLines() {
		const { frames: { count, file, line }, strings, functionOf } = this.profile;
		return Array.from({ length: count }, (_, f) => {
			if (file[f] < 0) return functionOf(f);
			const path = strings[file[f]], base = path.slice(path.lastIndexOf('/') + 1) || path;
			return `${functionOf(f)} (${base}${line[f] ? `:${line[f]}` : ''})`;
		});
	}

	// Frames stand by name, kind, module, file and line.
	group() {
		const { count, name, kind, module } = this.profile.frames, first = new Int32Array(count), known = new Map();
		let isAny = false;
		for (let f = 0; f < count; f++) {
			const isOther = !f || name[f] !== name[f - 1] || kind[f] !== kind[f - 1] || (!this.strips && module[f] !== module[f - 1]), key = this.names?.[f];
			if (isOther) known.clear();
			if (!known.has(key)) known.set(key, f);
			first[f] = known.get(key);
			if (first[f] !== f) isAny = true;
		}
		return isAny ? first : null;
	}

	// The frame that stands for this one.
	of(frame) {
		return frame >= 0 && this.first ? this.first[frame] : frame;
	}

	nameOf(frame) {
		return this.names ? this.names[frame] : this.profile.functionOf(frame);
	}

	moduleOf(frame) {
		const { frames, strings } = this.profile;
		return this.strips || frames.module[frame] < 0 ? '' : strings[frames.module[frame]];
	}

	sourceOf(frame) {
		const { frames, strings } = this.profile, file = frames.file ? (this.files ??= this.settleFiles())[frame] : -1;
		return file < 0 ? '' : strings[file] + (this.tellsLines && frames.line[frame] ? ':' + frames.line[frame] : '');
	}

	// The file that all agree about which know one, at the first of them; below 0: there is none.
	settleFiles() {
		const { count, file } = this.profile.frames, files = file.slice();
		for (let f = 0; this.first && f < count; f++) {
			const at = this.first[f];
			if (file[f] >= 0 && file[f] !== files[at]) files[at] = files[at] === -1 ? file[f] : -2;
		}
		return files;
	}
}
