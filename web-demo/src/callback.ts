/** The page that a login in a window comes back to. */

import { callback } from 'grantflow/callback';

const isTaken = await callback();
const said = document.getElementById('said');
if (said) {
  said.textContent = isTaken
    ? 'Done. You can close this window.'
    : 'No login waits for this answer, so nobody was told of it: its state is not one that was given out here. You can close this window; the login goes on waiting.';
}
