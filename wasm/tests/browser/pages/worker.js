// An application without a page: what it is to do comes as a message, and so does what it shows.

import { connect, init, memoryStore } from '/grantflow/index.js';

onmessage = async ({ data: { provider } }) => {
  try {
    await init();
    const connection = connect({ provider, store: memoryStore() });
    const onPrompt = (prompt) => prompt && postMessage({ is: 'prompt', user_code: prompt.user_code });
    await connection.login({ by: 'device', onPrompt });
    postMessage({ is: 'done' });
  } catch (why) {
    postMessage({ is: 'failed', message: String(why) });
  }
};
postMessage({ is: 'ready' });
