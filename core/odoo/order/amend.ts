/**
 * Makes a quotation say what a newer revision of the order says: lines, dates, addresses and terms, in one write.
 *
 * The write is a difference, so that doing it again finds nothing to do. A lost answer is settled by looking; but the lost
 * write may still be at work, and its new lines must not come twice. So a write with new lines also replaces one line:
 * run a second time, it names a line that is gone, and Odoo refuses all of it.
 */
import type { CanonicalOrder } from '../../canonical/order';
import { asCrossdockError } from '../../errors/index';
import { type FieldMap, fieldMap } from '../client/field-map';
import { jitter, type RetryPolicy } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';
import { quiet } from './confirm';
import { pairLines, samePrice, sameQuantity, sameUnit } from './pair';
import type { PreparedOrder } from './prepare';
import { isOpen, type OdooLine, type OrderState, readLines } from './read';
import { notesOf, type RowLine } from './rows';
import { readState, refused } from './transitions';

type Values = Readonly<Record<string, unknown>>;

const RETRY: RetryPolicy = { attempts: 4, baseMs: 250, maxMs: 4_000 };

/**
 * @returns the order's state after it, and whether anything was changed
 * @throws CrossdockError AMEND_REFUSED (business): confirmed, locked or cancelled, and different; as OdooClient.call
 */
export async function amendOrder(
  client: OdooClient,
  id: number,
  wanted: PreparedOrder,
  chatter = true,
): Promise<{ readonly state: OrderState; readonly changed: boolean }> {
  const fields = fieldMap(await client.version());
  for (let attempt = 1; ; attempt += 1) {
    const state = await readState(client, id);
    const lines = (await readLines(client, [state])).get(id) ?? [];
    const values = await difference(client, id, wanted, lines, fields);
    if (Object.keys(values).length === 0) return { state, changed: attempt > 1 };
    refuseClosed(state);
    try {
      await client.call('sale.order', 'write', { ids: [id], args: { vals: values }, ...quiet(chatter) });
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      // A line is gone: this write, or a person, was there in the meantime.
      const meanwhile = error.code === 'ODOO_MISSING';
      if ((!error.retryable && !meanwhile) || attempt >= RETRY.attempts) throw error;
      await jitter(RETRY, attempt);
      continue;
    }
    return { state: await readState(client, id), changed: true };
  }
}

function refuseClosed(state: OrderState): void {
  if (isOpen(state) && !state.locked) return;
  const why =
    state.state === 'cancel' ? 'it is cancelled' : state.locked ? 'it is locked' : 'it is confirmed';
  throw refused('AMEND_REFUSED', state, `cannot be changed to the new revision: ${why}`);
}

/** What has to be written, by field; empty when Odoo has it all. */
async function difference(
  client: OdooClient,
  id: number,
  wanted: PreparedOrder,
  lines: readonly OdooLine[],
  fields: FieldMap,
): Promise<Values> {
  const head = await headOf(client, id, wanted);
  const commands = lineCommands(wanted.lines, lines, fields);
  return commands.length === 0 ? head : { ...head, order_line: commands };
}

async function headOf(
  client: OdooClient,
  id: number,
  wanted: PreparedOrder,
): Promise<Record<string, unknown>> {
  const { order, partners, terms, commitment } = wanted;
  const values: Record<string, unknown> = {
    partner_id: partners.customer,
    partner_shipping_id: partners.delivery,
    client_order_ref: order.orderNumber,
    ...(partners.invoice === undefined ? {} : { partner_invoice_id: partners.invoice }),
    ...(order.notes.length === 0 ? {} : { note: notesOf(order) }),
    ...(commitment === undefined ? {} : { commitment_date: commitment }),
  };
  for (const [field, ids] of terms.ids) values[field] = field === 'tag_ids' ? [[6, 0, ids]] : ids[0];
  const [row] = await client.call<readonly Readonly<Record<string, unknown>>[]>('sale.order', 'read', {
    ids: [id],
    args: { fields: Object.keys(values) },
  });
  for (const [field, value] of Object.entries(values)) {
    if (isSame(field, value, row?.[field], order, terms.ids.get('tag_ids'))) delete values[field];
  }
  return values;
}

function isSame(
  field: string,
  wanted: unknown,
  found: unknown,
  order: CanonicalOrder,
  tags: readonly number[] = [],
): boolean {
  if (field === 'note') return typeof found === 'string' && words(found) === words(order.notes.join(' '));
  if (field === 'tag_ids') {
    // People add tags; those of the order must be among them.
    return Array.isArray(found) && tags.every((tag) => found.includes(tag));
  }
  if (Array.isArray(found)) return (found as unknown as Exclude<Many2One, false>)[0] === wanted;
  return found === wanted;
}

/** Letters and digits of a text or HTML: Odoo writes HTML in its own way. */
function words(text: string): string {
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#?\w+;/g, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

type Command = readonly [number, number, unknown];

function lineCommands(
  wanted: readonly RowLine[],
  lines: readonly OdooLine[],
  fields: FieldMap,
): readonly Command[] {
  const { pairs, rest } = pairLines(wanted, lines);
  const changes: Command[] = [];
  const added: RowLine[] = [];
  for (const { wanted: want, line } of pairs) {
    if (line === undefined) added.push(want);
    else {
      const values = lineDifference(want, line, fields);
      if (Object.keys(values).length > 0) changes.push([1, line.id, values]);
    }
  }
  const removed = rest.map((line) => line.id);
  if (added.length > 0 && removed.length === 0) {
    // Nothing to remove: the last line is made anew, so that this write cannot run twice (see above).
    const last = pairs.findLast(({ line }) => line !== undefined);
    if (last?.line !== undefined) {
      const { line } = last;
      removed.push(line.id);
      added.unshift(last.wanted);
      const own = changes.findIndex(([, id]) => id === line.id);
      if (own !== -1) changes.splice(own, 1);
    }
  }
  const guard: Command[] =
    added.length === 0 ? [] : removed.slice(0, 1).map((id) => [1, id, { discount: 0 }]);
  return [
    ...guard,
    ...changes,
    ...removed.map((id): Command => [2, id, 0]),
    ...added.map((line): Command => [0, 0, newLine(line, fields)]),
  ];
}

function lineDifference(wanted: RowLine, line: OdooLine, fields: FieldMap): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (wanted.name !== line.name) values['name'] = wanted.name;
  if (!sameUnit(wanted, line)) values[fields.orderLine.unit] = wanted.unit ?? wanted.ownUnit;
  if (!sameQuantity(wanted, line)) values['product_uom_qty'] = Number(wanted.quantity);
  if (line.discount !== 0) values['discount'] = 0;
  const taxes = [...line.taxes].sort((a, b) => a - b).join(',');
  if ([...wanted.taxes].sort((a, b) => a - b).join(',') !== taxes) {
    values[fields.orderLine.taxes] = [[6, 0, wanted.taxes]];
  }
  // Odoo computes the price anew when quantity or unit change, unless it is told.
  if (!samePrice(wanted, line) || Object.keys(values).length > 0) values['price_unit'] = Number(wanted.price);
  return values;
}

function newLine(line: RowLine, fields: FieldMap): Record<string, unknown> {
  const unit = line.unit ?? line.ownUnit;
  return {
    product_id: line.product,
    name: line.name,
    product_uom_qty: Number(line.quantity),
    ...(unit === undefined ? {} : { [fields.orderLine.unit]: unit }),
    price_unit: Number(line.price),
    discount: 0,
    [fields.orderLine.taxes]: [[6, 0, line.taxes]],
  };
}
