// A worker that answers with the outcome. Its runtime compiles no bytes, so the module is imported.
import { init } from 'grantflow';
import module from 'grantflow/grantflow.wasm';
import { wholeLife } from './login.mjs';

export default {
  async fetch(request) {
    await init(module);
    return Response.json(await wholeLife(await request.json()));
  },
};
