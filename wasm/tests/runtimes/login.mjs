// What every runtime has to be able to do: a device login, a call with the token, a renewal, a sign-out.
import { connect, GrantflowError } from 'grantflow';

export async function wholeLife({ provider, api }) {
  const connection = connect({ provider, origins: [new URL(api).origin] });
  const shown = [];
  const onPrompt = (prompt) => shown.push(prompt?.type);
  const first = await connection.login({ by: 'device', onPrompt });
  const called = await connection.fetch(api);
  const second = await connection.renew();
  const { revoked } = await connection.logout();
  const after = await connection.access().catch((why) => why);
  const endedAs = after instanceof GrantflowError && after.failure.type;
  const isOther = first.access_token !== second.access_token;
  connection.close();
  return { shown: shown.filter(Boolean), status: called.status, isOther, revoked, endedAs };
}
