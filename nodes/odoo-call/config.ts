import { CrossdockError } from '../../core/errors';
import { type CallerOptions, type OdooCall, type OdooClient, readFieldNames, readIds } from '../../core/odoo';
import { choice, number } from '../shared/config';
import { shared } from '../shared/config-node';
import type { Message, RawConfig, Red, RedNode } from '../shared/red';
import { optionalValue, typedValue, type ValueOf } from '../shared/typed-value';

export interface CallConfig {
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
  readonly operation: 'call' | 'read';
  readonly caller: CallerOptions;
  readonly reading: ReadingSettings;
  /** What a message asks for. Rejects with CrossdockError (permanent) for what cannot be read. */
  request(message: Message): Promise<Request>;
}

export interface ReadingSettings {
  readonly pageSize: number;
  /** What one message holds. */
  readonly send: 'page' | 'record';
  /** When the next page is read: when the flow is done with this one, or at once (to join them). */
  readonly next: 'done' | 'now';
  /** Ms that the flow may take for a page. */
  readonly holdMs: number;
}

export interface Request extends OdooCall {
  /** The id that a reading goes on behind. */
  readonly after: number;
}

/** Throws CONFIG_INVALID or EXPRESSION_INVALID (CrossdockError, permanent). */
export function readConfig(red: Red, config: RawConfig, node: RedNode): CallConfig {
  const operation = choice(config, 'operation', 'Operation', ['call', 'read'], 'call');
  const model = required(red, node, config, 'model', 'Model');
  const method = operation === 'call' ? required(red, node, config, 'method', 'Method') : undefined;
  const ids = optionalValue(red, node, config, 'ids', 'Records');
  const context = optionalValue(red, node, config, 'context', 'Context');
  const key = operation === 'call' ? optionalValue(red, node, config, 'key', 'Key') : undefined;
  const after = operation === 'read' ? optionalValue(red, node, config, 'after', 'Go on behind') : undefined;
  const args = readArguments(red, node, config['args']);
  return {
    server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
    operation,
    caller: {
      shape: choice(config, 'shape', 'Records are given', ['plain', 'odoo'], 'plain'),
      maxRows: number(config, 'maxRows', 'Records at most', 10_000, { min: 1, max: 100_000_000 }),
      maxBytes: number(config, 'maxMb', 'Answer at most', 16, { min: 1, max: 64 }) * 1024 * 1024,
      repeatable: choice(config, 'uncertain', 'Unknown outcome', ['stop', 'repeat'], 'stop') === 'repeat',
    },
    reading: {
      pageSize: number(config, 'pageSize', 'Records per page', 500, { min: 1, max: 5000 }),
      send: choice(config, 'send', 'Messages', ['page', 'record'], 'page'),
      next: choice(config, 'next', 'Next page', ['done', 'now'], 'done'),
      holdMs: number(config, 'holdSeconds', 'Time per page', 300, { min: 1, max: 86_400 }) * 1000,
    },
    request: async (message) => {
      const values = await Promise.all(
        args.map(async ([name, value]) => [name, await value(message)] as const),
      );
      const found = await key?.(message);
      return {
        model: name(await model(message), 'model'),
        method: method === undefined ? 'search_read' : name(await method(message), 'method'),
        ids: readIds(await ids?.(message)),
        args: Object.fromEntries(values.filter(([, value]) => value !== undefined)),
        context: (await context?.(message)) as OdooCall['context'],
        key: found === undefined || found === null || found === '' ? undefined : String(found as string),
        after: (readIds(await after?.(message)) ?? [0])[0] ?? 0,
      };
    },
  };
}

function required(red: Red, node: RedNode, config: RawConfig, field: string, label: string): ValueOf {
  const type = config[`${field}Type`] ?? 'str';
  const value = config[field];
  if (typeof value !== 'string' || value.trim() === '') throw invalid(`${label} is missing.`, field);
  return typedValue(red, node, type, type === 'str' ? value.trim() : value, label);
}

/** Rows of the dialog: `{ name, type, value }`. */
function readArguments(red: Red, node: RedNode, rows: unknown): readonly (readonly [string, ValueOf])[] {
  if (rows === undefined || rows === '') return [];
  if (!Array.isArray(rows)) throw invalid('The arguments must be a list.', 'args');
  const names = new Set<string>();
  return rows.map((row: unknown) => {
    const {
      name: given,
      type,
      value,
    } = (typeof row === 'object' && row !== null ? row : {}) as Record<string, unknown>;
    const argument = typeof given === 'string' ? given.trim() : '';
    if (argument === '') throw invalid('An argument has no name.', 'args');
    if (names.has(argument)) throw invalid(`The argument ${argument} is given twice.`, 'args');
    names.add(argument);
    return [argument, typedValue(red, node, type ?? 'str', value, `Argument ${argument}`)] as const;
  });
}

function name(value: unknown, what: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw new CrossdockError(`The message names no ${what}.`, { code: 'CALL_INVALID', kind: 'permanent' });
}

/** Fields as people write them, or none. */
export function fieldsOfCall({ args }: OdooCall): readonly string[] {
  return readFieldNames(args['fields']);
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
