/** Commands about contracts. */
import { plain } from './paint';
import type { Command } from './run';
import { table } from './table';

interface Listed {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly own: boolean;
  readonly state: string;
  readonly partner: string | null;
  readonly sunsetOn: string | null;
  readonly successor: string | null;
  readonly users: readonly { readonly id: string }[];
}

/** @returns the exit code; undefined when there is no such command */
export async function contractCommand(name: string, command: Command): Promise<number | undefined> {
  const { client, terminal } = command;
  switch (name) {
    case 'check': {
      const { checkCommand } = await import('./contract-check');
      return checkCommand(command);
    }
    case 'list':
      command.show(await client.get<{ contracts: readonly Listed[] }>(''), ({ contracts }) =>
        listText(contracts),
      );
      return 0;
    case 'openapi':
    case 'asyncapi':
      // A document either way: what follows in a pipe reads JSON.
      terminal.print(JSON.stringify(await client.get<unknown>(`/${name}`), null, 2));
      return 0;
    default:
      return undefined;
  }
}

function listText(contracts: readonly Listed[]): string {
  return table(
    ['contract', 'version', 'title', 'from', 'state', 'last day', 'successor', 'nodes'],
    contracts.map(({ name, version, title, own, state, partner, sunsetOn, successor, users }) => [
      name,
      version,
      plain(title),
      own ? plain(partner ?? 'here') : 'Crossdock',
      state,
      sunsetOn,
      successor,
      users.length,
    ]),
  );
}
