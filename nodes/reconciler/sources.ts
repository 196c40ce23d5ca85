/** The sources of a comparison, from what the node says of them. */
import { isAbsolute, join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';
import {
  type About,
  type FileSource,
  type Format,
  type Pages,
  pagesOf,
  type SourceSpec,
} from '../../core/reconcile';
import { odooPages } from '../../core/reconcile/odoo';
import { publishedPages } from '../../core/reconcile/published';
import { shared } from '../shared/config-node';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';
import type { SourceConfig } from './config';

/** @param message undefined: a scheduled run, or one that goes on after a restart */
export type MakeSource = (message: Message | undefined, closed: Promise<void>) => SourceSpec;

export function makeSource(red: Red, config: RawConfig, about: About, source: SourceConfig): MakeSource {
  const { label, key, time, zone, decimalComma, maxBytes, property } = source;
  const common = { label, time, zone, decimalComma, maxBytes, ...(key === undefined ? {} : { key }) };
  if (source.type === 'file') {
    const file = isAbsolute(property) ? property : join(red.settings.userDir ?? '.', property);
    const { encoding, delimiter } = source;
    const spec: FileSource = { ...common, kind: 'file', file, format: formatOf(source), encoding, delimiter };
    return () => spec;
  }
  if (source.type === 'odoo') {
    const server = shared<OdooClient>(red, config, 'server', 'crossdock-odoo-server', 'Odoo server');
    const { warehouse, days, channel } = source;
    return (_message, closed) => ({
      ...common,
      kind: 'stream',
      again: true,
      open: async () =>
        odooPages(await server(closed), { about, days, channel, ...(warehouse === '' ? {} : { warehouse }) }),
    });
  }
  if (source.type === 'published') {
    const store = storeOf(red, config);
    return (_message, closed) => ({
      ...common,
      kind: 'stream',
      again: true,
      open: async () => publishedPages(await store(closed), property),
    });
  }
  return (message) => ({
    ...common,
    kind: 'stream',
    again: false,
    open: () => listOf(red, message, property),
  });
}

function formatOf({ format, property }: SourceConfig): Format {
  if (format !== 'auto') return format;
  const ending = property.slice(property.lastIndexOf('.') + 1).toLowerCase();
  if (ending === 'json') return 'json';
  return ending === 'jsonl' || ending === 'ndjson' ? 'jsonl' : 'csv';
}

/** A list in the message. */
function listOf(red: Red, message: Message | undefined, property: string): Pages {
  if (message === undefined) {
    throw new CrossdockError('A run without a message cannot read a list from it.', {
      code: 'RECONCILE_SOURCE',
      kind: 'permanent',
    });
  }
  const found = red.util.getMessageProperty(message, property);
  if (Array.isArray(found)) return pagesOf(found);
  throw new CrossdockError(`msg.${property} is not a list of records, so there is nothing to compare.`, {
    code: 'RECONCILE_SOURCE',
    kind: 'permanent',
    facts: { property },
  });
}
