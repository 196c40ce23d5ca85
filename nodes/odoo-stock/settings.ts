/** The node's configuration, read once. */
import { CrossdockError } from '../../core/errors';
import type { AdjusterOptions, LevelOf, OdooClient } from '../../core/odoo';
import { choice, decimal, number, text } from '../shared/config';
import { shared } from '../shared/config-node';
import { evaluator } from '../shared/expression';
import type { Message, RawConfig, Red } from '../shared/red';

export const OPERATIONS = ['read', 'adjust', 'reserve', 'release', 'reserved'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Settings {
  readonly server: (userClosed: Promise<void>) => Promise<OdooClient>;
  /** The operation for one message; rejects with OPERATION_UNKNOWN (permanent). */
  readonly operation: (message: Message) => Promise<Operation>;
  /** Property that holds the adjustments, or names the order. */
  readonly property: string;
  readonly read: {
    readonly levelOf: LevelOf;
    readonly sites: readonly string[];
    /** Property that names the products; undefined: all. */
    readonly items: string | undefined;
    readonly buffer: string;
    readonly totalCode: string | undefined;
    readonly pageSize: number;
    /** Wait for the flow to be done with a page. */
    readonly wait: boolean;
  };
  readonly adjust: AdjusterOptions;
}

/** Throws CONFIG_INVALID (permanent). */
export function readSettings(red: Red, config: RawConfig): Settings {
  const items = choice(config, 'itemsType', 'Products', ['all', 'msg'], 'all');
  return {
    server: shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server'),
    operation: operationOf(red, config),
    property: text(config, 'property', 'Property', 'payload'),
    read: {
      levelOf: choice(config, 'levelOf', 'One level', ['total', 'site', 'location', 'lot'], 'total'),
      sites: text(config, 'sites', 'Warehouses', '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
      items: items === 'all' ? undefined : text(config, 'items', 'Products', 'payload'),
      buffer: decimal(config, 'buffer', 'Safety stock', '0'),
      totalCode: text(config, 'location', 'Location', '') || undefined,
      pageSize: number(config, 'pageSize', 'Products per page', 500, { min: 1, max: 5000 }),
      wait: choice(config, 'next', 'Next page', ['done', 'now'], 'done') === 'done',
    },
    adjust: {
      whenMoved: choice(
        config,
        'whenMoved',
        'When stock has moved',
        ['refuse', 'recount', 'difference'],
        'refuse',
      ),
      unknownLots: choice(config, 'unknownLots', 'Unknown lots', ['create', 'refuse'], 'create'),
    },
  };
}

function operationOf(red: Red, config: RawConfig): Settings['operation'] {
  if (choice(config, 'operationType', 'Operation', ['op', 'msg'], 'op') === 'op') {
    const operation = choice(config, 'operation', 'Operation', OPERATIONS, 'read');
    return async () => operation;
  }
  const read = evaluator(red, 'msg', String(config['operation'] || 'operation'));
  return async (message) => {
    const value = await read(message);
    const found = OPERATIONS.find((operation) => operation === value);
    if (found !== undefined) return found;
    const shown = typeof value === 'string' ? ` "${value.slice(0, 40)}"` : '';
    throw new CrossdockError(
      `The odoo stock node has no operation${shown}; it has ${OPERATIONS.join(', ')}.`,
      { code: 'OPERATION_UNKNOWN', kind: 'permanent' },
    );
  };
}
