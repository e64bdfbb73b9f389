// SPDX-License-Identifier: Apache-2.0
//
// What chooses samples: the button and the list of processes and threads, and the timeline. Each is there only where the profile tells so much.
export { SampleControls };

import { spanText } from './sample_choice.js';
import { ThreadPicker } from './thread_picker.js';
import { Timeline } from './timeline.js';

const THREAD_KINDS = ['process', 'thread'];

class SampleControls {
	// `parts`: { time, dialog }, elements
	constructor({ time, dialog }, profile, theme, chips) {
		Object.assign(this, { profile, chips, time });
		const { samples } = profile;
		this.picker = this.timeline = null;
		if (samples && samples.threads.length > 1) {
			const most = () => chips.roomFor(THREAD_KINDS);
			this.picker = new ThreadPicker(dialog, profile, most, { choose: filters => chips.replace(THREAD_KINDS, filters) });
			chips.lead = this.leadButton();
		}
		if (samples?.time)
			this.timeline = new Timeline(time, profile, theme, { choose: span => this.chooseSpan(span) });
	}

	chooseSpan(span) {
		const { time } = this.profile.samples, isAll = !span || (span.from <= 0 && span.to >= time.slots);
		this.chips.replace(['time'], isAll ? [] : [{ kind: 'time', text: spanText(span, time) }]);
		if (isAll) this.timeline.clear();
	}

	leadButton() {
		const button = document.createElement('button');
		button.type = 'button';
		button.addEventListener('click', () => this.openPicker());
		return button;
	}

	openPicker() {
		this.picker?.show(this.chips.of(THREAD_KINDS));
	}

	showLead() {
		const { lead } = this.chips, any = document.createElement('b'), isAny = !this.chips.of(THREAD_KINDS).length;
		any.textContent = 'any';
		lead.className = isAny ? 'chip lead' : 'chip add lead';
		lead.replaceChildren(...(isAny ? ['process ', any] : ['+ process']));
		lead.title = 'choose processes and threads (p)';
	}

	// `drawn` is a DrawnTree; a search's hits tint the timeline.
	show(drawn, search) {
		if (this.picker) this.showLead();
		const { span } = drawn;
		this.timeline?.show(drawn.cellsKey, (cells, perCell, isMatch) => isMatch && !search.hits ? null : drawn.sumCells(cells, perCell, isMatch ? search.hits : null),
			span.from < 0 ? null : span);
	}

	find() {
		this.timeline?.draw();
	}
}
