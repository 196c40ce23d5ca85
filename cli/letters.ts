/** Commands about letters. */
import type {
  AuditEntry,
  Content,
  DiscardAnswer,
  GroupsAnswer,
  Letter,
  LetterDetail,
  Page,
  StoresAnswer,
} from '../core/replay';
import { UserError } from './client';
import { type Command, chosen, given } from './run';
import { list, table, time } from './table';

/** @returns whether there is such a command */
export async function letterCommand(name: string, command: Command): Promise<boolean> {
  const { client, options, show } = command;
  switch (name) {
    case 'stores':
      show(await client.get<StoresAnswer>('/stores'), ({ stores }) =>
        table(
          ['store', 'name', 'kind', 'parked', 'groups', 'replay nodes'],
          stores.map((store) => [
            store.id,
            store.name,
            store.kind,
            store.problem ?? store.deadLetters.parked,
            store.deadLetters.groups,
            store.replayNodes.map(({ id }) => id).join(', '),
          ]),
        ),
      );
      return true;
    case 'groups':
      show(
        await client.get<GroupsAnswer>(`${await command.store()}/groups`, { state: options.state }),
        groupsText,
      );
      return true;
    case 'list':
      show(await client.get<Page<Letter>>(`${await command.store()}/letters`, queryOf(command)), lettersText);
      return true;
    case 'show':
      show(
        await client.get<LetterDetail>(
          `${await command.store()}/letters/${encodeURIComponent(one(command, 'letter'))}`,
          options.personal === true ? { personal: '1' } : {},
        ),
        letterText,
      );
      return true;
    case 'discard': {
      const { reason } = options;
      if (reason === undefined) throw new UserError('A discard needs a reason: --reason "...".');
      const path = `${await command.store()}/letters/discard`;
      const answer = await client.send<DiscardAnswer>('POST', path, { ...chosen(command), reason });
      show(answer, ({ discarded }) => `${discarded} discarded`);
      return true;
    }
    case 'audit':
      show(
        await client.get<Page<AuditEntry>>(`${await command.store()}/audit`, {
          limit: options.limit,
          after: options.after,
        }),
        (page) => `${auditText(page.items)}${more(page)}`,
      );
      return true;
    default:
      return false;
  }
}

function queryOf({ options }: Command): Record<string, string> {
  const { cause, source, from, to, q, state, limit, after } = options;
  return given({ cause, source, from, to, q, state, limit, after });
}

/** The one id that a command needs. */
export function one({ args }: Command, what: string): string {
  const [id] = args;
  if (id === undefined) throw new UserError(`Which ${what}? Give its id.`);
  return id;
}

function groupsText({ groups }: GroupsAnswer): string {
  if (groups.length === 0) return 'none parked';
  return table(
    ['cause', 'letters', 'kind', 'code', 'source', 'node', 'last', 'reason'],
    groups.map((group) => [
      group.cause,
      group.count,
      group.kind,
      group.code,
      group.source,
      group.node.name || group.node.type,
      time(group.lastAt),
      group.reason,
    ]),
  );
}

function lettersText(page: Page<Letter>): string {
  if (page.items.length === 0) return 'none';
  const rows = page.items.map((letter) => [
    letter.id,
    time(letter.lastAt),
    letter.code,
    letter.businessKey ?? letter.deliveryId,
    letter.source,
    letter.attempts,
    letter.reason,
  ]);
  return `${table(['letter', 'last', 'code', 'key', 'source', 'attempts', 'reason'], rows)}${more(page)}`;
}

/** What to say when there is another page. */
export function more({ items, total, next }: Page<unknown>): string {
  return next === null ? '' : `\n${items.length} of ${total}; the next page: --after ${next}`;
}

function letterText(letter: LetterDetail): string {
  const { node, handled, history, problems } = letter;
  const parts = [
    list([
      ['letter', letter.id],
      [
        'state',
        handled === null
          ? letter.state
          : `${letter.state} by ${handled.by}, ${time(handled.at)}: ${handled.note}`,
      ],
      ['reason', letter.reason],
      ['code', `${letter.code} (${letter.kind})`],
      [
        'failed at',
        `${node.name || node.type} (${node.id})${node.flowName === '' ? '' : ` on ${node.flowName}`}`,
      ],
      ['source', letter.source],
      ['delivery', letter.deliveryId],
      ['business key', letter.businessKey],
      ['attempts', letter.attempts],
      ['occurrences', letter.occurrences],
      ['received', time(letter.receivedAt)],
      ['parked', `${time(letter.firstAt)} – ${time(letter.lastAt)}`],
      ['cause', letter.cause],
    ]),
  ];
  if (problems.length > 0) {
    parts.push(`problems\n${problems.map(({ path, message }) => `  ${path || '/'}: ${message}`).join('\n')}`);
  }
  if (history.length > 0) {
    const lines = history.map(
      ({ attempt, at, code, message }) => `  ${time(at)}  attempt ${attempt}  ${code}: ${message}`,
    );
    parts.push(`failed attempts\n${lines.join('\n')}`);
  }
  parts.push(
    `as it arrived\n${contentText(letter.original)}`,
    `as it failed\n${contentText(letter.failedAs)}`,
  );
  return parts.join('\n\n');
}

export function contentText({ type, value, redacted }: Content): string {
  if (type === 'none') return '  not known';
  if (type === 'hidden') return '  hidden: no JSON, and may be personal (--personal shows it)';
  const text = type === 'json' ? JSON.stringify(value, null, 2) : String(value);
  const note = redacted === 0 ? '' : `\n  ${redacted} values hidden (--personal shows them)`;
  return `${text.replace(/^/gm, '  ')}${note}`;
}

export function auditText(entries: readonly AuditEntry[]): string {
  return table(
    ['when', 'who', 'what', 'letters', 'basket', 'note'],
    entries.map((entry) => [
      time(entry.at),
      entry.who,
      entry.action,
      entry.letters,
      entry.basket,
      entry.note,
    ]),
  );
}
