// SPDX-License-Identifier: Apache-2.0
//
// The views of what the server answers: those of a saved page, one of the heat map, and, of two spans, what became more and what less.
export { LiveView };

import { HELP_ROWS, fillHelp } from './page_help.js';
import { PageView, element } from './page_view.js';
import { LiveHeat } from './live_heat.js';
import { LiveTable } from './live_table.js';
import { changeWords } from './live_pair.js';
import { COLOUR_CHOICES } from './colour_choice.js';
import { amountText } from './plain_numbers.js';
import { showFates } from './fates_split.js';

const LIVE_HELP = [
	['drag on the time', 'draws that span; double click: all'],
	['click on a mark', 'compares before and after what happened then'],
	['Shift-drag', 'a second span, with which the first one is compared'],
	['w, then arrows', 'choose a span by keys: with Shift they stretch it, Enter draws it, b compares with it'],
	['[ and ]', 'half a window of time back and forth'],
	['l', 'follow what is recorded, or stand still'],
	['p', 'choose processes, containers, users'],
	['d', 'compare with another span'],
	['s', 'download what is shown'],
];
const PAIR_CHOICES = { change: 'change', 'own-change': 'own change' };
const PAIR_WORDS = { less: 'less', more: 'more', chance: 'no more than chance' };
const REPLACED = ['w, then arrows', 'p, where', 'p'];

class LiveView extends PageView {
	static NAMES = { ...PageView.NAMES, heat: 'Heat map' };
	static PANELS = { ...PageView.PANELS, heat: 'heat-panel' };

	static TABLE = LiveTable;

	// `on`: { emptyWords(): [what, why], chartWords(): the same of why there is no chart, wantTimes(): a profile with the times of its samples, showHeat(), commands: key → function, chooseSpan(span) }
	makeViews() {
		super.makeViews();
		this.heat = new LiveHeat(element('heat-box'), this.theme, { choose: span => this.on.chooseSpan(span) });
		this.chips.offersAll = true;
		this.chips.fillForm();
		this.chart ??= this.makeChartView();
	}

	// Two spans have no order in time.
	get views() {
		return super.views.filter(view => view !== 'chart' || !this.isPair);
	}

	// A profile has the times of its samples only where one asks for them.
	get hasTimes() {
		return Boolean(this.profile.samples?.time);
	}

	// As options of hearth render: what a file of this view is drawn with.
	drawingParams() {
		const { view, whole: { order } } = this;
		return [['inverted', view === 'icicle' ? '1' : ''], ['flamechart', view === 'chart' && this.hasTimes ? '1' : ''], ['sort', order === this.firstOrder ? '' : order]];
	}

	makeChart() {
		if (this.hasTimes) return super.makeChart();
		this.chart.tree = null;
		this.on.wantTimes();
	}

	// In a chart a place is a moment: of another span's it is none.
	get isHeld() {
		const { chart } = this;
		return this.view === 'chart' && this.main === chart && (chart.zoomed > 0 || chart.canvas.span < chart.tree.whole);
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

	// --- two spans ---------------------------------------------------------------------------------

	setTree(drawn) {
		const { profile } = this, { pair } = profile, { tree } = drawn;
		if (pair) {
			const change = tree.change = pair.totals(drawn);
			tree.factsOf = (of, i) => of === tree ? this.changeFacts(change, i) : [['after or before, the larger', amountText(profile.facts, of.total(i))]];
		}
		if (pair && this.view === 'chart') this.view = this.graphView;
		for (const tab of element('tabs').children) tab.hidden = !this.views.includes(tab.dataset.view);
		super.setTree(drawn);
		if (pair) this.chooseColour(this.colour); // it is of the nodes of this tree
	}

	changeFacts({ after, before, selfAfter, selfBefore }, i) {
		const { facts, pair } = this.profile, text = ticks => amountText(facts, ticks);
		return [['after', text(after[i])], ['before', text(before[i])], ['change', changeWords(facts, after[i], before[i], pair)],
			['self', `${text(selfBefore[i])} → ${text(selfAfter[i])}`]];
	}

	get isPair() {
		return Boolean(this.profile.pair);
	}

	get colours() {
		return this.isPair ? Object.keys(PAIR_CHOICES) : super.colours;
	}

	fillColours() {
		const words = this.isPair ? PAIR_CHOICES : COLOUR_CHOICES;
		element('colour').replaceChildren(...this.colours.map(choice => new Option(words[choice], choice)));
	}

	// In a comparison kinds go away.
	chooseColour(choice) {
		if (this.wasPair !== this.isPair) {
			this.wasPair = this.isPair;
			this.fillColours();
		}
		for (const graph of this.graphs) graph.canvas.coloursProcesses = this.isPair;
		if (!this.isPair) return super.chooseColour(choice);
		this.colour = this.colours.includes(choice) ? choice : this.colours[0];
		element('colour').value = this.colour;
		const { pair } = this.profile, { change } = this.tree, isOwn = this.colour === 'own-change';
		const [after, before] = isOwn ? [change.selfAfter, change.selfBefore] : [change.after, change.before];
		for (const graph of this.graphs) {
			graph.canvas.colourOf = graph === this.flame ? null : this.changeOfFrames(isOwn ? 'self' : 'total');
			graph.canvas.colourOfNode = graph === this.flame ? i => pair.look(after[i], before[i], 0) : null;
			graph.setColours();
		}
		this.showLegend();
	}

	changeOfFrames(word) {
		const { table, profile: { pair } } = this;
		table.sums ??= table.sumUp();
		const { after, before } = table.sums;
		return frame => pair.look(after[word][frame], before[word][frame], 0);
	}

	showLegend() {
		if (!this.isPair) return super.showLegend();
		const side = this.theme.isDark ? 'dark' : 'light', legend = element('legend');
		legend.hidden = false;
		legend.replaceChildren(...this.profile.ramps.slice(0, 3).map(({ name, shades }) => {
			const item = document.createElement('span'), swatch = document.createElement('i');
			swatch.style.background = shades[name === 'chance' ? 9 : 2][side].fill;
			item.append(swatch, PAIR_WORDS[name]);
			return item;
		}));
	}

	// Of the span after.
	showFates() {
		if (!this.isPair) return super.showFates();
		const { facts, fates } = this.profile;
		showFates({ facts, fates, all: fates, untimed: 0 }, { split: element('fates-split'), text: element('fates-text'), reasons: element('fates-reasons') });
	}

	refresh(panel) {
		if (panel !== 'heat-panel') return super.refresh(panel);
		this.describe(this.flame, this.flame.focused);
		this.on.showHeat();
	}

	showCrumb() {
		super.showCrumb();
		if (this.view === 'heat') element('crumb').hidden = true;
	}

	showEmpty() {
		const { filters } = this.chips, what = document.createElement('b'), isChart = this.tree.whole && !this.hasTimes, [told, why] = isChart ? this.on.chartWords() : this.on.emptyWords();
		if (this.whole.whole && !isChart && (filters.length || this.tree.whole)) return super.showEmpty();
		what.textContent = told;
		element('empty').replaceChildren(what, why);
	}

	commandFor(key) {
		return Object.hasOwn(this.on.commands, key) ? this.on.commands[key] : super.commandFor(key);
	}
}
