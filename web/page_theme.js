// SPDX-License-Identifier: Apache-2.0
//
// Light and dark. The system's wish holds until the reader chooses the other one. Colours of the style sheet are read from it, so
// that each stands in one place.
export { PageTheme };

class PageTheme {
	constructor(onChange) {
		this.onChange = onChange;
		this.chosen = '';
		this.system = matchMedia('(prefers-color-scheme: dark)');
		this.system.addEventListener('change', () => this.apply());
		this.probe = document.createElement('span');
		this.probe.hidden = true;
		document.body.append(this.probe);
		this.colours = new Map();
	}

	get isDark() {
		return this.chosen ? this.chosen === 'dark' : this.system.matches;
	}

	// '', 'light' or 'dark'
	choose(theme) {
		this.chosen = theme === 'light' || theme === 'dark' ? theme : '';
		this.apply();
	}

	toggle() {
		const other = this.isDark ? 'light' : 'dark', system = this.system.matches ? 'dark' : 'light';
		this.choose(other === system ? '' : other);
	}

	apply() {
		if (this.chosen) document.documentElement.dataset.theme = this.chosen;
		else delete document.documentElement.dataset.theme;
		this.colours.clear();
		this.onChange();
	}

	colour(name) {
		if (!this.colours.has(name)) {
			this.probe.style.color = `var(--${name})`;
			this.colours.set(name, getComputedStyle(this.probe).color);
		}
		return this.colours.get(name);
	}
}
