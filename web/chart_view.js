// SPDX-License-Identifier: Apache-2.0
//
// The flame chart as a view: a graph of its own, made when it is first seen.
export { ChartView };

import { FlameView } from './flame_view.js';
import { FrameSearch } from './frame_search.js';
import { graphParts } from './graph_parts.js';
import { threadText } from './sample_choice.js';
import { makeChart } from './time_chart.js';

class ChartView extends FlameView {
	// `on` as of a FlameView
	constructor(element, profile, theme, on) {
		const parts = graphParts('chart', 'Flame chart');
		super(parts, profile, theme, new FrameSearch(profile), on);
		element.append(parts.graph);
		this.canvas.nameOfNode = i => this.threadOf(i);
	}

	// Blocks of processes stand one a thread, and tell which.
	threadOf(i) {
		const { tree, profile } = this, isProcess = tree.depth[i] === 1 && profile.kindOf(tree.frame[i]) === 'process';
		return isProcess ? threadText(profile.samples.threads[tree.thread[i]]) : '';
	}

	// Of a DrawnTree.
	setDrawn(drawn, query) {
		this.setTree(makeChart(this.profile, drawn));
		this.find(query);
	}

	// Where nothing is drawn there is nothing to find: what is made later finds it.
	find(query) {
		if (!this.tree) return;
		this.search.run(query, this.tree);
		this.current = -1;
		this.redraw();
	}
}
