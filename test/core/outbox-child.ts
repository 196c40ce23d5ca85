/** Child of the crash tests: adds five events, publishes them and reports what the channel got; dies where it is told. */
import { openOutbox } from '../../core/delivery';
import { openSqliteStore } from '../../core/store';
import { outgoing, ScriptedChannel } from './outbox-support';

const [file = '', add = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const store = await openSqliteStore(file);
  const channel = new ScriptedChannel();
  channel.answer = (published) => {
    process.send?.(published.event.id, () => published.confirm());
  };
  const outbox = await openOutbox({ store, channelId: 'events', publisher: channel });
  if (add !== '') {
    await store.run(outbox.statements([1, 2, 3, 4, 5].map((n) => outgoing(`e${n}`, `key ${n % 2}`))));
    outbox.wake(5);
  }
  outbox.onChange(() => {
    if (outbox.depth === 0) process.send?.('all sent', () => process.exit(0));
  });
  outbox.start();
}

void main();
