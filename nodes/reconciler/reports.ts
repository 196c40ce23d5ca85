/** A run's report as canonical JSON, as a CSV file and as a page, of the differences that a filter lets through. */
import {
  csvReport,
  type Difference,
  type DifferenceFilter,
  type History,
  htmlReport,
  jsonReport,
  type Language,
  type Report,
  type RunSummary,
} from '../../core/reconcile';
import type { HttpResponse } from '../shared/red';
import { sendFile } from '../shared/store-routes';

/** Differences of the canonical JSON report; all are in the CSV file. */
const MAX_REPORTED = 10_000;
/** What rows say is shown as text, and nothing in it is run, whatever it is. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export interface ReportRequest {
  readonly history: History;
  readonly run: RunSummary;
  readonly filter: DifferenceFilter;
  readonly language: Language;
  readonly response: HttpResponse;
}

export async function canonicalReport({ history, run, filter, language }: ReportRequest): Promise<Report> {
  const items: Difference[] = [];
  let after: string | undefined;
  do {
    const page = await history.differences(run.runId, filter, 1000, after);
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined && items.length < MAX_REPORTED);
  return jsonReport(run, items, language);
}

export function sendCsv({ response, history, run, filter, language }: ReportRequest): Promise<unknown> {
  return sendFile(response, {
    type: 'text/csv; charset=utf-8',
    name: `${fileName(run)}.csv`,
    policy: POLICY,
    parts: csvReport(history, run, filter, language),
  });
}

export function sendPage({ response, history, run, filter, language }: ReportRequest): Promise<unknown> {
  return sendFile(response, {
    type: 'text/html; charset=utf-8',
    policy: POLICY,
    parts: htmlReport(history, run, filter, language),
  });
}

function fileName({ name, startedAt }: RunSummary): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${plain === '' ? 'reconciliation' : plain}-${new Date(startedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}`;
}
