// SPDX-License-Identifier: Apache-2.0
//
// The views of what the server answers: those of a saved page, one of the heat map, and, of two spans, what became more and what less.
export { LiveView };

import { HELP_ROWS, fillHelp } from './page_help.js';
import { PageView, element } from './page_view.js';
import { LiveHeat } from './live_heat.js';

const LIVE_HELP = [
	['drag on the time', 'draws that span; double click: all'],
	['Shift-drag', 'a second span, with which the first one is compared'],
	['w, then arrows', 'choose a span by keys: with Shift they stretch it, Enter draws it, b compares with it'],
	['[ and ]', 'half a window of time back and forth'],
	['l', 'follow what is recorded, or stand still'],
	['p', 'choose processes, containers, users'],
	['d', 'compare with another span'],
	['s', 'download what is shown'],
];
const REPLACED = ['w, then arrows', 'p, where', 'p'];

class LiveView extends PageView {
	static NAMES = { ...PageView.NAMES, heat: 'Heat map' };
	static PANELS = { ...PageView.PANELS, heat: 'heat-panel' };

	// `on`: { emptyWords(): [what, why], showHeat(), commands: key → function, chooseSpan(span) }
	makeViews() {
		super.makeViews();
		this.heat = new LiveHeat(element('heat-box'), this.theme, { choose: span => this.on.chooseSpan(span) });
		this.chips.offersAll = true;
	}

	showHeading() {}

	fillHelp() {
		fillHelp(element('help'), [...LIVE_HELP, ...HELP_ROWS.filter(([keys]) => !REPLACED.includes(keys))]);
	}

	onTheme() {
		super.onTheme();
		this.heat.setColours();
		this.on.onTheme();
	}

	refresh(panel) {
		if (panel !== 'heat-panel') return super.refresh(panel);
		this.describe(this.flame, this.flame.focused);
		this.on.showHeat();
	}

	showEmpty() {
		const { filters } = this.chips, what = document.createElement('b'), [told, why] = this.on.emptyWords();
		if (this.whole.whole && filters.length) return super.showEmpty();
		what.textContent = told;
		element('empty').replaceChildren(what, why);
	}

	commandFor(key) {
		return Object.hasOwn(this.on.commands, key) ? this.on.commands[key] : super.commandFor(key);
	}
}
