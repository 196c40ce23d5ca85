/** The warehouse's stock in the two shapes in which most warehouses give it away. */
import type { WarehouseStock } from './warehouse';

/**
 * A stock file as a German 3PL exports it every night: semicolons, Windows-1252, decimal commas with points between
 * thousands, times of the wall clock in Berlin, CRLF.
 */
export function stockFile(rows: readonly WarehouseStock[], at: Date): Buffer {
  const stand = berlin(at);
  const lines = rows.map(({ sku, onHand, location }) =>
    [sku, `Artikel für ${sku}`, location, german(onHand), 'PCE', stand].join(';'),
  );
  const text = ['Artikelnummer;Bezeichnung;Lagerplatz;Bestand;Einheit;Stand', ...lines, ''].join('\r\n');
  // Letters of Latin-1 are the same in Windows-1252.
  return Buffer.from(text, 'latin1');
}

/**
 * A page as Extensiv's 3PL Warehouse Manager answers `GET /inventory/stocksummaries?pgsiz&pgnum` with `Accept:
 * application/hal+json`. No instance of it can be had for tests; the members follow its documents and public clients.
 */
export function stockPage(
  rows: readonly WarehouseStock[],
  query: URLSearchParams,
  most = 500,
): { status: number; body: unknown } {
  const size = number(query.get('pgsiz'), 100);
  const page = number(query.get('pgnum'), 1);
  if (size < 1 || page < 1) return { status: 400, body: { message: 'pgsiz and pgnum must be from 1.' } };
  const from = (page - 1) * Math.min(size, most);
  const found = rows.slice(from, from + Math.min(size, most));
  const link = (at: number) => ({ href: `/inventory/stocksummaries?pgsiz=${size}&pgnum=${at}` });
  const body = {
    totalResults: rows.length,
    summaries: found.map(({ sku, onHand }, index) => ({
      facilityId: 1,
      itemIdentifier: { sku, id: from + index + 1 },
      qualifier: '',
      onHand,
      available: onHand,
      allocated: 0,
      onHold: 0,
    })),
    _links: {
      self: link(page),
      ...(from + found.length < rows.length && found.length > 0 ? { next: link(page + 1) } : {}),
    },
  };
  return { status: 200, body };
}

function number(text: string | null, fallback: number): number {
  return text === null ? fallback : Number(/^\d{1,6}$/.test(text) ? text : 0);
}

/** 1234.5 is 1.234,50. */
function german(value: number): string {
  const [whole = '', fraction = ''] = value.toFixed(2).split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, '.')},${fraction}`;
}

function berlin(at: Date): string {
  const parts = new Intl.DateTimeFormat('de-DE', {
    timeZone: 'Europe/Berlin',
    dateStyle: 'medium',
    timeStyle: 'short',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('day')}.${part('month')}.${part('year')} ${part('hour')}:${part('minute')}`;
}
