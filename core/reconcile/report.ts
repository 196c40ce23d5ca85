/** A run as a report: canonical JSON, CSV for a spreadsheet, and a page to read and print. */
import { csvLine } from '../csv';
import type { DifferenceFilter } from './history/filter';
import type { History } from './history/history';
import type { Difference, RunSummary } from './types';
import { fill, type Language, Words } from './words';

const PAGE = 500;
/** Rows of the page to read: more is for a spreadsheet. */
const MAX_PAGE_ROWS = 2000;

/** The canonical report. Times are RFC 3339 UTC. */
export interface Report {
  readonly schemaVersion: '1.0';
  readonly runId: string;
  readonly reconciler: { readonly id: string; readonly name: string };
  readonly about: string;
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly sources: readonly {
    readonly side: string;
    readonly label: string;
    readonly rows: number;
    readonly asOf: string | null;
  }[];
  readonly counts: Omit<RunSummary['counts'], 'rows'>;
  readonly rate: string;
  readonly value: string;
  readonly alarms: RunSummary['alarms'];
  readonly differences: readonly ReportedDifference[];
  /** There are more differences than these. */
  readonly truncated: boolean;
}

export type ReportedDifference = Omit<Difference, 'correction' | 'since'> & {
  readonly since: string;
  readonly sentence: string;
  readonly likelyCause: string;
  readonly correction: { readonly state: string; readonly type: string | null };
};

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function jsonReport(
  run: RunSummary,
  differences: readonly Difference[],
  language: Language = 'en',
): Report {
  const words = new Words(language, run);
  const { rows, ...counts } = run.counts;
  const total = Object.values(counts.differences).reduce((sum, count) => sum + count, 0);
  return {
    schemaVersion: '1.0',
    runId: run.runId,
    reconciler: { id: run.reconciler, name: run.name },
    about: run.about,
    state: run.state,
    startedAt: new Date(run.startedAt).toISOString(),
    finishedAt: iso(run.finishedAt),
    sources: run.labels.map((label, index) => ({
      side: ['first', 'second', 'third'][index] ?? '',
      label,
      rows: rows[index] ?? 0,
      asOf: iso(run.asOf[index] ?? null),
    })),
    counts,
    rate: run.rate,
    value: run.value,
    alarms: run.alarms,
    differences: differences.map((difference) => {
      const { correction, since, ...plain } = difference;
      return {
        ...plain,
        since: new Date(since).toISOString(),
        sentence: words.sentence(difference),
        likelyCause: words.cause(difference),
        correction: { state: correction.state, type: correction.proposal?.type ?? null },
      };
    }),
    truncated: total > differences.length,
  };
}

async function* all(
  history: History,
  runId: string,
  filter: DifferenceFilter,
): AsyncGenerator<readonly Difference[], void, void> {
  let after: string | undefined;
  do {
    const page = await history.differences(runId, filter, PAGE, after);
    yield page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

/** All differences, in pieces. Cells that a spreadsheet would calculate are written as text. */
export async function* csvReport(
  history: History,
  run: RunSummary,
  filter: DifferenceFilter,
  language: Language,
): AsyncGenerator<string, void, void> {
  const words = new Words(language, run);
  const { report } = words.texts;
  yield `\ufeff${csvLine([report.key, report.kind, report.side, report.field, report.expected, report.found, report.delta, report.what, report.why, report.since, report.correction])}`;
  for await (const page of all(history, run.runId, filter)) {
    yield page
      .map((difference) =>
        csvLine([
          difference.key,
          words.kind(difference),
          words.label(difference.side),
          difference.field,
          difference.expected ?? '',
          difference.found ?? '',
          difference.delta ?? '',
          words.sentence(difference),
          words.cause(difference),
          words.time(difference.since),
          words.proposal(difference) ?? '',
        ]),
      )
      .join('');
  }
}

/** A page without scripts, in pieces. */
export async function* htmlReport(
  history: History,
  run: RunSummary,
  filter: DifferenceFilter,
  language: Language,
): AsyncGenerator<string, void, void> {
  const words = new Words(language, run);
  const { report } = words.texts;
  const name = run.name === '' ? run.labels.join(' / ') : run.name;
  const { counts } = run;
  const facts: [string, string][] = [
    ...run.labels.map((label, index): [string, string] => {
      const asOf = run.asOf[index];
      return [
        `${report.rows}: ${label}`,
        `${counts.rows[index] ?? 0}${asOf === null || asOf === undefined ? '' : ` (${report.asOf} ${words.time(asOf)})`}`,
      ];
    }),
    [report.keys, String(counts.keys)],
    [report.matched, String(counts.matched)],
    [report.tolerated, String(counts.withinTolerance)],
    [report.different, String(counts.different)],
    [report.pending, String(counts.pending)],
    [report.rate, run.rate],
    [report.value, run.value],
    ...(run.finishedAt === null ? [] : [[report.finished, words.time(run.finishedAt)] as [string, string]]),
  ];
  const alarms = run.alarms.map(({ of, limit, found }) =>
    fill(report.alarm, { of: of === 'rate' ? report.rate : report.value, limit, found }),
  );
  yield `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${asHtml(`${report.title}: ${name}`)}</title><style>${STYLE}</style></head>
<body><h1>${asHtml(report.title)}: ${asHtml(name)}</h1>
${alarms.map((alarm) => `<p class="alarm">${asHtml(alarm)}</p>`).join('')}${run.problem === null ? '' : `<p class="alarm">${asHtml(run.problem)}</p>`}
<dl>${facts.map(([term, value]) => `<div><dt>${asHtml(term)}</dt><dd>${asHtml(value)}</dd></div>`).join('')}</dl>
`;
  let shown = 0;
  let cut = false;
  for await (const page of all(history, run.runId, filter)) {
    if (page.length === 0) break;
    if (shown === 0) {
      yield `<table><thead><tr>${[report.key, report.kind, report.what, report.why, report.since, report.correction].map((head) => `<th scope="col">${asHtml(head)}</th>`).join('')}</tr></thead><tbody>\n`;
    }
    const rows = page.slice(0, MAX_PAGE_ROWS - shown);
    yield rows.map((difference) => rowOf(words, difference)).join('');
    shown += rows.length;
    if (shown >= MAX_PAGE_ROWS) {
      cut = true;
      break;
    }
  }
  yield shown === 0 ? `<p>${asHtml(report.none)}</p>` : '</tbody></table>';
  if (cut) yield `<p>${asHtml(fill(report.cut, { count: String(MAX_PAGE_ROWS) }))}</p>`;
  yield '</body></html>\n';
}

function rowOf(words: Words, difference: Difference): string {
  const { report } = words.texts;
  const { state, by } = difference.correction;
  const told =
    state === 'approved'
      ? fill(report.approved, { by: by ?? '' })
      : state === 'proposed'
        ? report.proposed
        : '';
  const proposal = words.proposal(difference) ?? '';
  const cells = [
    difference.key,
    words.kind(difference),
    words.sentence(difference),
    words.cause(difference),
    words.time(difference.since),
    told === '' ? proposal : `${proposal} (${told})`,
  ];
  return `<tr>${cells.map((cell) => `<td>${asHtml(cell)}</td>`).join('')}</tr>\n`;
}

function asHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

const STYLE = `:root{color-scheme:light dark}body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.35rem}dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.6rem 1.5rem}dt{opacity:.7}dd{margin:0;font-weight:600}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent);overflow-wrap:anywhere}
thead{display:table-header-group}tr{break-inside:avoid}.alarm{font-weight:600;border-left:4px solid;padding-left:.6rem}@media print{body{margin:0;max-width:none;font-size:11px}}`;
