/**
 * Writing goods into a picking: **one** `load` per picking, so that all of it is there or nothing.
 *
 * The call updates the picking by its id and creates lines below its moves. Three things come together in its transaction:
 * - every line gets an external id out of the message's key (`keys.ts`), under Odoo's unique index: the same message again
 *   finds the line instead of adding one, and of two at once one wins;
 * - every move's unit is written as it is. Odoo refuses that for a move that is done, and with it the whole call: goods are
 *   never written into a picking that somebody validated a moment ago, which would move stock at once;
 * - tracking number and carrier are columns of the same row.
 *
 * What Odoo had reserved stays beside the new lines and is dropped by Odoo when it validates, since only picked lines count.
 */
import { sum } from '../../canonical/decimal';
import { crashPoint, crashPointLater } from '../../delivery/crash-point';
import { CALL_RETRY, withRetry } from '../client/retry';
import { writeKey } from './keys';
import type { ReadContext } from './read';
import type { SourcedLine } from './sources';
import type { Picking } from './types';

export interface StageLine extends SourcedLine {
  readonly key: string;
  readonly targetPackageId: number | undefined;
  /** Where the goods go; the move's own destination when left out. */
  readonly destinationId?: number | undefined;
}

/** What is written beside the lines. */
export interface Headers {
  readonly tracking?: string | undefined;
  readonly carrierId?: number | undefined;
  /** Of a return's moves: whether they lower what counts as delivered. */
  readonly toRefund?: boolean | undefined;
}

interface LoadReply {
  readonly ids: readonly number[] | false;
  readonly messages?: readonly { readonly type?: string; readonly message?: string }[];
}

/**
 * Writes the lines. `refused` has Odoo's words when nothing was written: the picking may have been closed meanwhile,
 * another process may have been faster, or a value is wrong; whoever reads the picking again knows which.
 */
export async function stage(
  { client, fields, namespace }: ReadContext,
  picking: Picking,
  lines: readonly StageLine[],
  headers: Headers = {},
): Promise<{ readonly refused?: string }> {
  const { columns, rows } = rowsOf(fields.map.moveLine, picking, lines, headers, fields.map.picking.moves);
  const reply = await withRetry(CALL_RETRY, async () => {
    crashPoint('odoo.beforeStage');
    const call = client.call<LoadReply>('stock.picking', 'load', {
      args: { fields: columns, data: rows },
      context: { module: namespace, mode: 'update', noupdate: true, tracking_disable: true, tz: 'UTC' },
    });
    crashPointLater('odoo.afterStageBeforeReply');
    const answer = await call;
    crashPoint('odoo.afterStage');
    return answer;
  });
  if (reply.ids !== false && reply.ids.length > 0) return {};
  const text = (reply.messages ?? [])
    .filter(({ type }) => type !== 'warning')
    .map(({ message }) => message ?? '')
    .join(' ');
  return { refused: text || 'no reason given' };
}

type Cells = readonly (readonly [string, string])[];

/** Picking, then its moves, then their lines: `load` takes a row without the outer cells as belonging to the row above. */
function rowsOf(
  names: { readonly done: string; readonly picked: string | undefined; readonly unit: string },
  picking: Picking,
  lines: readonly StageLine[],
  { tracking, carrierId, toRefund }: Headers,
  movesField: string,
): { columns: string[]; rows: string[][] } {
  const head: Cells = [
    ['.id', String(picking.id)],
    ...(tracking === undefined ? [] : [['carrier_tracking_ref', tracking] as const]),
    ...(carrierId === undefined ? [] : [['carrier_id/.id', String(carrierId)] as const]),
  ];
  const moveIds = [...new Set(lines.map(({ piece }) => piece.move.id))];
  const sorted = moveIds.flatMap((id) => lines.filter(({ piece }) => piece.move.id === id));
  const columns: string[] = [];
  const rows = sorted.map((line, index) => {
    const { move } = line.piece;
    const newMove = sorted[index - 1]?.piece.move.id !== move.id;
    const outer: Cells = [
      ...head.map(([column, cell]) => [column, index === 0 ? cell : ''] as const),
      [`${movesField}/.id`, newMove ? String(move.id) : ''],
      [`${movesField}/product_uom/.id`, newMove ? String(move.unitId) : ''],
      ...(toRefund === undefined
        ? []
        : [[`${movesField}/to_refund`, newMove ? (toRefund ? '1' : '0') : ''] as const]),
    ];
    const inner = lineCells(names, picking, line);
    const cells = [
      ...outer,
      ...inner.map(([column, cell]) => [`${movesField}/move_line_ids/${column}`, cell] as const),
    ];
    if (index === 0) columns.push(...cells.map(([column]) => column));
    return cells.map(([, cell]) => cell);
  });
  return { columns, rows };
}

function lineCells(
  names: { readonly done: string; readonly picked: string | undefined; readonly unit: string },
  picking: Picking,
  line: StageLine,
): Cells {
  const { piece } = line;
  const link = (id: number | undefined) => (id === undefined ? '' : String(id));
  return [
    ['id', line.key],
    ['picking_id/.id', String(picking.id)],
    ['product_id/.id', String(piece.goods.product.id)],
    [`${names.unit}/.id`, String(piece.goods.product.unitId)],
    [names.done, line.quantity.toFixed()],
    ...(names.picked === undefined ? [] : [[names.picked, '1'] as const]),
    ['lot_id/.id', link(line.lotId)],
    ['package_id/.id', link(line.sourcePackageId)],
    ['result_package_id/.id', link(line.targetPackageId)],
    ['owner_id/.id', link(line.ownerId)],
    ['location_id/.id', String(line.locationId)],
    ['location_dest_id/.id', String(line.destinationId ?? piece.move.destinationId)],
  ];
}

/** Gives every line its key: parts of one content are counted on from those that are in Odoo. */
export function keyed(
  lines: readonly SourcedLine[],
  message: { readonly base: string; readonly print: string },
  tag: string,
  rest: (line: SourcedLine) => Omit<StageLine, keyof SourcedLine | 'key'>,
): StageLine[] {
  const parts = new Map<number, number>();
  return lines.map((line) => {
    const { content, nextPart, quantity } = line.piece.goods;
    const part = parts.get(content.index) ?? nextPart;
    parts.set(content.index, part + 1);
    const here = lines.filter((other) => other.piece.goods.content.index === content.index);
    const more = sum(here.map((other) => other.quantity)).lt(quantity);
    const key = writeKey({ ...message, index: content.index, tag, part, more });
    return { ...line, ...rest(line), key };
  });
}
