// SPDX-License-Identifier: Apache-2.0
//
// The page that was saved: its profile is in it.

import { readEmbedded } from './profile_data.js';
import { PageView, element } from './page_view.js';

try {
	const page = new PageView(await readEmbedded(element('profile')));
	page.describe(page.flame, 0);
	page.restore();
	document.documentElement.dataset.ready = '1';
	performance.mark('hearth-ready');
} catch (error) {
	const failed = document.createElement('p');
	failed.className = 'empty';
	failed.textContent = `The profile in this page cannot be shown: ${error.message}`;
	element('card').replaceChildren(failed);
	throw error;
}
