// Prints the outcome as one line, for a test that runs this in Deno.
import { init } from 'grantflow';
import { wholeLife } from './login.mjs';

await init();
console.log(JSON.stringify(await wholeLife(JSON.parse(Deno.env.get('GIVEN')))));
