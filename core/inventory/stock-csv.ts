/** Items as a file for a spreadsheet. Cells that it would calculate are written as text. */
import { csvLine } from '../csv';
import type { StockFilter, StockItem, StockPage } from './stock';

export const STOCK_LANGUAGES = ['en', 'de'] as const;
export type StockLanguage = (typeof STOCK_LANGUAGES)[number];

const PAGE = 1000;

const WORDS = {
  en: {
    columns:
      'channel,SKU,description,site,unit,on hand,reserved,available,held back,excluded,may sell,sequence,told,told sequence,told at,waiting since,refused,reading of,site silent since',
    reasons: {
      age: 'site silent',
      buffer: 'safety buffer',
      reserve: 'reserve',
      share: 'share',
      cap: 'cap',
      minimum: 'below minimum',
      units: 'not a whole unit',
      condition: 'condition',
      expiry: 'expires soon',
    },
  },
  de: {
    columns:
      'Kanal,SKU,Bezeichnung,Standort,Einheit,vorhanden,reserviert,verfügbar,zurückgehalten,ausgeschlossen,darf verkaufen,Sequenz,gemeldet,gemeldete Sequenz,gemeldet am,wartet seit,abgelehnt,Stand vom,Standort stumm seit',
    reasons: {
      age: 'Standort stumm',
      buffer: 'Sicherheitsbestand',
      reserve: 'Reserve',
      share: 'Anteil',
      cap: 'Obergrenze',
      minimum: 'unter dem Minimum',
      units: 'keine ganze Einheit',
      condition: 'Zustand',
      expiry: 'läuft bald ab',
    },
  },
} as const;

/**
 * All items of a filter, in pieces.
 * @param page reads a page of at most so many
 * @param nameOf the channel's name
 */
export async function* stockCsv(
  page: (filter: StockFilter, limit: number, after: string | undefined) => Promise<StockPage>,
  filter: StockFilter,
  language: StockLanguage,
  nameOf: (channel: string) => string,
): AsyncGenerator<string, void, void> {
  const words = WORDS[language];
  yield `\ufeff${csvLine(words.columns.split(','))}`;
  for (let after: string | undefined; ; ) {
    const { items, next } = await page(filter, PAGE, after);
    yield items.map((item) => csvLine(cellsOf(item, nameOf(item.channel), words.reasons))).join('');
    if (next === null) return;
    after = next;
  }
}

function cellsOf(item: StockItem, channel: string, reasons: Readonly<Record<string, string>>): string[] {
  const listed = (held: Readonly<Record<string, string | undefined>>): string =>
    Object.entries(held)
      .map(([reason, quantity]) => `${reasons[reason] ?? reason} ${quantity}`)
      .join('; ');
  return [
    channel,
    item.sku,
    item.description ?? '',
    item.site,
    item.unit,
    item.onHand,
    item.reserved,
    item.available,
    listed(item.held),
    listed(item.excluded),
    item.quantity,
    String(item.sequence),
    item.told?.quantity ?? '',
    item.told === null ? '' : String(item.told.sequence),
    timeOf(item.told?.at),
    timeOf(item.waiting?.since),
    item.refused ?? '',
    timeOf(item.readAt),
    timeOf(item.silentSince ?? undefined),
  ];
}

/** UTC, as spreadsheets read it. */
function timeOf(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
