// SPDX-License-Identifier: Apache-2.0
//
// Which frames of a profile are one in what is drawn of it, and what such a one is called: with strip-modules those of one name and kind.
export { FrameClasses };

class FrameClasses {
	// `filters`: [{ kind, text }]
	constructor(profile, filters = []) {
		this.profile = profile;
		this.strips = filters.some(({ kind }) => kind === 'strip-modules');
		this.first = this.strips ? this.group() : null; // per frame the first of those that it is one with; null: each is by itself
	}

	// Frames stand by name and kind.
	group() {
		const { count, name, kind } = this.profile.frames, first = new Int32Array(count);
		for (let f = 1; f < count; f++) first[f] = name[f] === name[f - 1] && kind[f] === kind[f - 1] ? first[f - 1] : f;
		return first;
	}

	isLike({ strips }) {
		return this.strips === strips;
	}

	moduleOf(frame) {
		const { frames, strings } = this.profile;
		return this.strips || frames.module[frame] < 0 ? '' : strings[frames.module[frame]];
	}

	sourceOf(frame) {
		const { frames, strings } = this.profile, file = frames.file ? (this.files ??= this.settleFiles())[frame] : -1;
		return file < 0 ? '' : strings[file] + (frames.line[frame] ? ':' + frames.line[frame] : '');
	}

	// The file that all agree about which know one, at the first of them; -1: there is none.
	settleFiles() {
		const { count, file } = this.profile.frames, { first } = this, files = file.slice();
		for (let f = 0; first && f < count; f++) {
			const settled = files[first[f]];
			if (file[f] >= 0 && file[f] !== settled) files[first[f]] = settled === -1 ? file[f] : -2;
		}
		return files;
	}
}
