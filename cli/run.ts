/** From arguments to requests, and from answers to text. */
import { parseArgs } from 'node:util';
import { basketCommand } from './baskets';
import { Client, UserError } from './client';
import { contractCommand } from './contracts';
import { crossReferenceCommand } from './cross-references';
import { HELP } from './help';
import { letterCommand } from './letters';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  warn(text: string): void;
  /** A person sees what is printed; not, when it is not said. */
  readonly isTerminal?: boolean;
  /** All of standard input. */
  readInput(): Promise<string>;
}

const OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  store: { type: 'string' },
  cause: { type: 'string' },
  source: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  q: { type: 'string' },
  state: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  name: { type: 'string' },
  reason: { type: 'string' },
  rate: { type: 'string' },
  into: { type: 'string' },
  partner: { type: 'string' },
  kind: { type: 'string' },
  replace: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  all: { type: 'boolean' },
  revert: { type: 'boolean' },
  personal: { type: 'boolean' },
  mode: { type: 'string' },
  transitive: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export type Options = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
}

/** What a command has at hand. */
export interface Command {
  readonly client: Client;
  readonly options: Options;
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly terminal: Terminal;
  /** The path of the chosen store. */
  store(): Promise<string>;
  /** Prints an answer: as it is with --json, else as text. */
  show<T>(answer: T, text: (answer: T) => string): void;
}

/** @returns the exit code: 0, or 1 when it could not be done, or 2 when it was not understood */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (thrown) {
    terminal.warn(`${(thrown as Error).message}\n\n${HELP}`);
    return 2;
  }
  const { values: options, positionals } = parsed;
  const [topic, name, ...rest] = positionals;
  if (options.help === true || topic === undefined) {
    terminal.print(HELP);
    return options.help === true ? 0 : 2;
  }
  const client = new Client(
    options.url ?? terminal.env['CROSSDOCK_URL'] ?? 'http://127.0.0.1:1880',
    options.token ?? terminal.env['CROSSDOCK_TOKEN'],
    topic === 'contracts' ? 'contracts' : 'console',
  );
  const command: Command = {
    client,
    options,
    args: rest,
    terminal,
    store: async () => `/${encodeURIComponent(await client.store(options.store))}`,
    show: (answer, text) =>
      terminal.print(options.json === true ? JSON.stringify(answer, null, 2) : text(answer)),
  };
  try {
    if (topic === 'contracts') {
      const code = await contractCommand(name ?? 'list', command);
      if (code !== undefined) return code;
    }
    const done =
      topic === 'cross-references'
        ? await crossReferenceCommand(name ?? 'list', command)
        : topic === 'dead-letters' &&
          (name === 'basket' ? await basketCommand(command) : await letterCommand(name ?? 'groups', command));
    if (done) return 0;
    terminal.warn(`There is no command "${positionals.join(' ')}".\n\n${HELP}`);
    return 2;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    terminal.warn(thrown.message);
    return 1;
  }
}

/** Which letters a command is about, for a request's body. */
export function chosen({ args, options }: Command): { ids?: readonly string[]; filter?: object } {
  const { cause, source, from, to, q, all } = options;
  const filter = given({ cause, source, from, to, q });
  const filtered = Object.keys(filter).length > 0;
  if (args.length > 0 && (filtered || all === true)) {
    throw new UserError('Either name letters or give a filter, not both.');
  }
  if (args.length > 0) return { ids: args };
  if (filtered || all === true) return { filter };
  throw new UserError(
    'Which letters? Name them, give a filter (--cause, --source, --from, --to, --q), or --all.',
  );
}

/** Without what was not given. */
export function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
