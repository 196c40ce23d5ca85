/** Commands about replay baskets. */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Basket,
  BasketCreated,
  BasketItem,
  BasketItemDetail,
  BasketReport,
  BasketsAnswer,
  Page,
} from '../core/replay';
import { UserError } from './client';
import { auditText, more, one } from './letters';
import { type Command, chosen, given } from './run';
import { list, table, time } from './table';

const WATCH_MS = 1000;

/** @returns whether there is such a command */
export async function basketCommand(command: Command): Promise<boolean> {
  const [name = 'list', ...args] = command.args;
  const { client, options, show } = command;
  const own: Command = { ...command, args };
  const path = async (): Promise<string> =>
    `${await command.store()}/baskets/${encodeURIComponent(one(own, 'basket'))}`;
  switch (name) {
    case 'list':
      show(await client.get<BasketsAnswer>(`${await command.store()}/baskets`), basketsText);
      return true;
    case 'create': {
      const body = { ...chosen(own), ...given({ name: options.name }) };
      const made = await client.send<BasketCreated>('POST', `${await command.store()}/baskets`, body);
      show(made, ({ id, count }) => `${id}  ${count} letters`);
      return true;
    }
    case 'show':
      show(await client.get<Basket>(await path()), basketText);
      return true;
    case 'items':
      show(
        await client.get<Page<BasketItem>>(`${await path()}/items`, {
          limit: options.limit,
          after: options.after,
        }),
        (page) => `${itemsText(page.items)}${more(page)}`,
      );
      return true;
    case 'start': {
      const { rate, into } = options;
      const body = { ...given({ into }), ...(rate === undefined ? {} : { ratePerSecond: Number(rate) }) };
      show(await client.send<Basket>('POST', `${await path()}/start`, body), basketText);
      return true;
    }
    case 'dry-run':
    case 'pause':
    case 'resume':
    case 'cancel':
      show(await client.send<Basket>('POST', `${await path()}/${name}`), basketText);
      return true;
    case 'edit': {
      const [, item] = args;
      if (item === undefined) throw new UserError('Which item? Give its number behind the basket.');
      const body = options.revert === true ? null : await command.terminal.readInput();
      const target = `${await path()}/items/${encodeURIComponent(item)}`;
      show(await client.send<BasketItemDetail>('PUT', target, { body }), (edited) =>
        edited.edited ? `item ${edited.item} is edited` : `item ${edited.item} is as it arrived`,
      );
      return true;
    }
    case 'watch':
      await watch(own, await path());
      return true;
    case 'report':
      show(await client.get<BasketReport>(`${await path()}/report`), reportText);
      return true;
    default:
      return false;
  }
}

async function watch({ client, show, terminal, options }: Command, path: string): Promise<void> {
  for (let last = ''; ; ) {
    const basket = await client.get<Basket>(path);
    const ended = !['running', 'dry-run'].includes(basket.state);
    if (ended) {
      show(basket, basketText);
      return;
    }
    const line = progressText(basket);
    if (line !== last && options.json !== true) terminal.print(line);
    last = line;
    await sleep(WATCH_MS);
  }
}

function basketsText({ baskets }: BasketsAnswer): string {
  if (baskets.length === 0) return 'none';
  return table(
    ['basket', 'name', 'state', 'letters', 'done', 'failed again', 'made', 'by'],
    baskets.map(({ id, name, state, progress, createdAt, createdBy }) => [
      id,
      name,
      state,
      progress.total,
      progress.done,
      progress.failedAgain,
      time(createdAt),
      createdBy,
    ]),
  );
}

function basketText(basket: Basket): string {
  const { dryRun } = basket;
  return list([
    ['basket', basket.id],
    ['name', basket.name],
    ['state', basket.problem === null ? basket.state : `${basket.state}: ${basket.problem}`],
    ['made', `${time(basket.createdAt)} by ${basket.createdBy}`],
    ['started', time(basket.startedAt)],
    ['finished', time(basket.finishedAt)],
    ['rate', basket.ratePerSecond === null ? null : `${basket.ratePerSecond} per second`],
    ['progress', progressText(basket)],
    [
      'dry run',
      dryRun.checked === 0
        ? null
        : `${dryRun.ok} ok, ${dryRun.failing} would fail, ${dryRun.unknown} without a mapping`,
    ],
  ]);
}

function progressText({ progress }: Basket): string {
  const { total, pending, sent, done, failedAgain, skipped, discarded } = progress;
  return `${done} of ${total} done, ${sent} in the flow, ${pending} to send, ${failedAgain} failed again, ${skipped} skipped, ${discarded} discarded`;
}

function itemsText(items: readonly BasketItem[]): string {
  return table(
    ['item', 'state', 'letter', 'key', 'edited', 'dry run', 'note'],
    items.map(({ item, state, letter, edited, dryRun, note }) => [
      item,
      state,
      letter.id,
      letter.businessKey,
      edited ? 'yes' : '',
      dryRun === null ? '' : (dryRun.message ?? `${dryRun.result}${changesText(dryRun.changes.length)}`),
      note ?? '',
    ]),
  );
}

function changesText(changes: number): string {
  return changes === 0 ? '' : `, ${changes} changes`;
}

function reportText({ basket, notDone, actions }: BasketReport): string {
  const parts = [basketText(basket)];
  if (notDone.length > 0) parts.push(`not done\n${itemsText(notDone)}`);
  parts.push(`actions\n${auditText(actions)}`);
  return parts.join('\n\n');
}
