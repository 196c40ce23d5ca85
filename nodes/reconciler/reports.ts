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

/** Differences of the canonical JSON report; all are in the CSV file. */
const MAX_REPORTED = 10_000;

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

export function sendCsv(request: ReportRequest): Promise<void> {
  const { history, run, filter, language } = request;
  return streamed(
    request,
    'text/csv; charset=utf-8',
    `${fileName(run)}.csv`,
    csvReport(history, run, filter, language),
  );
}

export function sendPage(request: ReportRequest): Promise<void> {
  const { history, run, filter, language } = request;
  return streamed(request, 'text/html; charset=utf-8', undefined, htmlReport(history, run, filter, language));
}

async function streamed(
  { response }: ReportRequest,
  type: string,
  file: string | undefined,
  parts: AsyncIterable<string>,
): Promise<void> {
  response.setHeader('content-type', type);
  response.setHeader('x-content-type-options', 'nosniff');
  // What rows say is shown as text, and nothing in it is run, whatever it is.
  response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  if (file !== undefined) response.setHeader('content-disposition', `attachment; filename="${file}"`);
  for await (const part of parts) {
    if (response.destroyed) return;
    if (!response.write(part)) {
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
  }
  response.end();
}

function fileName({ name, startedAt }: RunSummary): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${plain === '' ? 'reconciliation' : plain}-${new Date(startedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}`;
}
