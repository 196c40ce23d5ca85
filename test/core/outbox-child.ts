/** Child of the crash tests: adds five events, publishes them and reports what the channel got; dies where it is told. */
import { openOutbox } from '../../core/delivery';
import { openSqliteStore } from '../../core/store';
import { calm, outgoing, ScriptedChannel } from './outbox-support';

const [file = '', way = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const store = await openSqliteStore(file);
  const channel = new ScriptedChannel();
  channel.answer = (published) => {
    process.send?.(published.event.id, () => published.confirm());
  };
  const outbox = await openOutbox({ store, channelId: 'events', publisher: channel });
  const events = [1, 2, 3, 4, 5].map((n) => outgoing(`e${n}`, `key ${n % 2}`));
  if (way === 'from the store') {
    await store.run(outbox.statements(events));
    outbox.wake(5);
  }
  let adding = way === 'from memory';
  outbox.onChange(() => {
    if (outbox.depth === 0 && !adding) process.send?.('all sent', () => process.exit(0));
  });
  outbox.start();
  if (way !== 'from memory') return;
  await calm(outbox);
  const added = events.map(async (event) => {
    const { statements, committed } = outbox.add(event);
    committed?.(await store.run(statements));
  });
  await Promise.all(added);
  adding = false;
}

void main();
