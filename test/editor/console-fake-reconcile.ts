/**
 * The reconciler's part of the console's API (docs/reconciler.md), played: runs of every state, and as many differences
 * as a test asks for.
 */
export type Body = Record<string, unknown>;

export interface ReconcileOptions {
  /** Differences of the newest run; 1,204 when left out. */
  readonly differences?: number;
}

export interface FakeReconcile {
  /** Undefined for what is not the reconciler's. */
  answer(
    method: string,
    path: string,
    query: URLSearchParams,
    body: Body,
  ): { status: number; json: Body } | undefined;
  /** An approval of before waits, since the corrections of the node go elsewhere now. */
  hold(): void;
  /** Somebody else approves these, at once. */
  approveElsewhere(numbers: readonly number[]): void;
  /** Approvals send what they are about. */
  leave(): void;
}

const now = Date.now();
const hour = 3_600_000;
const kinds = [
  { kind: 'quantity', cause: 'UNKNOWN', type: 'inventory-adjustment' },
  { kind: 'missing', cause: 'NOT_TOLD', type: 'inventory-adjustment' },
  { kind: 'quantity', cause: 'FACTOR', type: 'inventory-adjustment' },
  { kind: 'extra', cause: 'EMPTY_LEFT_OUT', type: 'inventory-adjustment' },
  { kind: 'pending', cause: 'IN_FLIGHT', type: null },
  { kind: 'late', cause: 'IN_FLIGHT_LONG', type: 'inventory-adjustment' },
  { kind: 'duplicate', cause: 'SAME_ROW_TWICE', type: null },
  { kind: 'missing', cause: 'DEAD_LETTER', type: 'letter' },
  { kind: 'invalid', cause: 'NOT_A_NUMBER', type: null },
] as const;
const words = {
  en: {
    kinds: {
      quantity: 'quantity',
      missing: 'missing',
      extra: 'extra',
      pending: 'pending',
      late: 'late',
      duplicate: 'duplicate',
      invalid: 'not comparable',
    },
    causes: {
      UNKNOWN: 'Nothing known here explains it.',
      NOT_TOLD: 'No message about it is known here: it was never sent, or sent past this gateway.',
      FACTOR: 'One is a multiple of the other: probably pieces against packages.',
      EMPTY_LEFT_OUT: 'A source that has none of it probably leaves it out.',
      IN_FLIGHT: 'A message about it is on its way.',
      IN_FLIGHT_LONG: 'A message about it has been on its way for longer than allowed.',
      SAME_ROW_TWICE: 'The same row was exported more than once.',
      DEAD_LETTER: 'A message about it failed and waits among the dead letters.',
      NOT_A_NUMBER: 'The field should be a number.',
    },
    says: 'Odoo says 12, Warehouse Graz says 10 (2 fewer)',
    set: 'Set the stock of Warehouse Graz to 12.',
    replay: 'Replay the dead letter.',
    evidence: [
      'Odoo: row 4711, of 2026-11-27 05:12 UTC.',
      'Warehouse Graz says 10.',
      'It has been so since 2026-11-24 05:30 UTC, 4 runs in a row.',
    ],
  },
  de: {
    kinds: {
      quantity: 'Menge',
      missing: 'fehlt',
      extra: 'überzählig',
      pending: 'unterwegs',
      late: 'verspätet',
      duplicate: 'doppelt',
      invalid: 'nicht vergleichbar',
    },
    causes: {
      UNKNOWN: 'Nichts, was hier bekannt ist, erklärt es.',
      NOT_TOLD:
        'Hier ist keine Nachricht darüber bekannt: Sie wurde nie gesendet, oder an diesem Gateway vorbei.',
      FACTOR: 'Das eine ist ein Vielfaches des anderen: wahrscheinlich Stück gegen Packungen.',
      EMPTY_LEFT_OUT: 'Eine Quelle, die nichts davon hat, lässt es wahrscheinlich weg.',
      IN_FLIGHT: 'Eine Nachricht darüber ist unterwegs.',
      IN_FLIGHT_LONG: 'Eine Nachricht darüber ist länger unterwegs als erlaubt.',
      SAME_ROW_TWICE: 'Dieselbe Zeile wurde mehrfach exportiert.',
      DEAD_LETTER: 'Eine Nachricht darüber ist gescheitert und liegt bei den abgelegten.',
      NOT_A_NUMBER: 'Das Feld sollte eine Zahl sein.',
    },
    says: 'Odoo sagt 12, Warehouse Graz sagt 10 (2 weniger)',
    set: 'Den Bestand von Warehouse Graz auf 12 setzen.',
    replay: 'Die abgelegte Nachricht erneut senden.',
    evidence: [
      'Odoo: Zeile 4711, vom 27.11.2026 05:12 UTC.',
      'Warehouse Graz sagt 10.',
      'Es ist so seit 24.11.2026 05:30 UTC, 4 Läufe in Folge.',
    ],
  },
} as const;

export function fakeReconcile(options: ReconcileOptions = {}): FakeReconcile {
  const total = options.differences ?? 1204;
  const approved = new Map<number, string>();
  const approvals: Body[] = [];
  const running = new Set<string>(['pos']);

  const stateOf = (n: number): string => {
    const { type } = kindOf(n);
    if (type === null || type === 'letter') return 'none';
    return approved.has(n) ? 'approved' : 'proposed';
  };
  const kindOf = (n: number) => kinds[n % kinds.length] ?? kinds[0];
  const pendingOf = (): number => count((n) => kindOf(n).kind === 'pending');
  const count = (is: (n: number) => boolean): number => {
    let found = 0;
    for (let n = 1; n <= total; n += 1) if (is(n)) found += 1;
    return found;
  };

  function matches(n: number, filter: URLSearchParams): boolean {
    const { kind, cause } = kindOf(n);
    const is = (name: string, value: string): boolean => (filter.get(name) ?? value) === value;
    const q = filter.get('q')?.toLowerCase() ?? '';
    return (
      is('kind', kind) &&
      is('cause', cause) &&
      is('side', 'second') &&
      is('correction', stateOf(n)) &&
      keyOf(n).toLowerCase().includes(q)
    );
  }

  const keyOf = (n: number): string => `CD-${String(100_000 + n).padStart(6, '0')}`;

  function difference(n: number, language: 'en' | 'de'): Body {
    const { kind, cause, type } = kindOf(n);
    const text = words[language];
    const missing = kind === 'missing';
    return {
      number: n,
      key: keyOf(n),
      kind,
      kindText: text.kinds[kind],
      insteadOf: kind === 'pending' ? 'quantity' : null,
      side: 'second',
      sideLabel: 'Warehouse Graz',
      field: missing ? '' : 'onHand',
      expected: kind === 'extra' ? null : '12',
      found: missing ? null : '10',
      delta: ['quantity', 'pending'].includes(kind) ? '-2' : null,
      cause,
      causeText: text.causes[cause],
      sentence: `SKU ${keyOf(n)}, onHand: ${text.says}.`,
      since: now - 72 * hour,
      runs: 4,
      correction: {
        state: stateOf(n),
        by: approved.get(n) ?? null,
        at: approved.has(n) ? now : null,
        type,
        text: type === null ? null : type === 'letter' ? text.replay : text.set,
        letter: type === 'letter' ? 'letter-0-000001' : null,
        sideLabel: type === null ? null : 'Warehouse Graz',
      },
    };
  }

  function run(id: string): Body {
    const [reconciler = 'stock', at = '0'] = id.split('-');
    const index = Number(at);
    const first = reconciler === 'stock' && index === 0;
    const open = running.has(reconciler) && index === 0;
    const state = open ? 'comparing' : index === 3 ? 'failed' : index === 5 ? 'cancelled' : 'done';
    const pending = first ? pendingOf() : index % 4;
    const different = first ? total - pending : (index * 7) % 40;
    return {
      runId: id,
      reconciler,
      name:
        reconciler === 'stock'
          ? 'Nightly stock'
          : reconciler === 'pos'
            ? 'Marketplace orders against Odoo, one day'
            : '',
      about: reconciler === 'stock' ? 'inventory' : 'orders',
      state,
      keyLabel: 'SKU',
      labels: ['Odoo', 'Warehouse Graz'],
      startedAt: now - index * 24 * hour - hour,
      finishedAt: open ? null : now - index * 24 * hour - hour + 95_000,
      asOf: [now - index * 24 * hour - hour, null],
      progress: open ? 42 : 100,
      counts: {
        rows: [20_000, 19_988],
        keys: 20_012,
        matched: 20_012 - different - pending,
        withinTolerance: 31,
        different,
        pending,
        differences: {},
      },
      rate: String(Math.round((different / 20.012) * 10) / 10),
      value: String((different * 13) / 4),
      alarms: first
        ? [{ of: 'rate', limit: '5', found: String(Math.round((different / 20.012) * 10) / 10) }]
        : [],
      problem:
        state === 'failed'
          ? 'The file wms.csv is not there.'
          : state === 'cancelled'
            ? 'Cancelled by anna.'
            : null,
      proposed: first ? count((n) => stateOf(n) === 'proposed') : 0,
      approved: first ? approved.size : 0,
    };
  }

  function reconciler(id: string, name: string, open: boolean, byHand: boolean): Body {
    const runs = Array.from({ length: 24 }, (_, at) => run(`${id}-${at}`));
    const newest = id === 'gone' ? run('gone-7') : (runs[0] ?? null);
    return {
      id,
      name,
      about: (newest as Body)['about'],
      labels: ['Odoo', 'Warehouse Graz'],
      target: open ? `reconcile:${id}` : null,
      byHand,
      open,
      run: running.has(id) ? `${id}-0` : null,
      newest,
      trend: runs
        .filter(({ state }) => state === 'done')
        .reverse()
        .map(({ runId, startedAt, rate, value, alarms }) => ({ runId, startedAt, rate, value, alarms })),
    };
  }

  function tally(language: 'en' | 'de'): Body[] {
    const found = new Map<string, Body & { count: number }>();
    for (let n = 1; n <= total; n += 1) {
      const { kind, cause } = kindOf(n);
      const key = `${kind} ${cause} ${stateOf(n)}`;
      const known = found.get(key);
      if (known !== undefined) known.count += 1;
      else {
        found.set(key, {
          kind,
          cause,
          side: 'second',
          correction: stateOf(n),
          count: 1,
          kindText: words[language].kinds[kind],
          causeText: words[language].causes[cause],
          sideLabel: 'Warehouse Graz',
        });
      }
    }
    return [...found.values()];
  }

  function page(query: URLSearchParams, language: 'en' | 'de'): Body {
    const found: number[] = [];
    for (let n = 1; n <= total; n += 1) if (matches(n, query)) found.push(n);
    const after = query.get('after') ?? '';
    const begin = after.startsWith('@') ? Number(after.slice(1)) : found.findIndex((n) => n > Number(after));
    const limit = Number(query.get('limit') ?? 100);
    const numbers = begin < 0 ? [] : found.slice(begin, begin + limit);
    const last = numbers.at(-1);
    return {
      items: numbers.map((n) => difference(n, language)),
      next: last === undefined || last === found.at(-1) ? null : String(last),
      total: found.length,
    };
  }

  function approve(body: Body): { status: number; json: Body } {
    const filter = new URLSearchParams((body['filter'] as Record<string, string>) ?? {});
    filter.set('correction', 'proposed');
    const numbers = (body['numbers'] as number[] | undefined)?.filter((n) => stateOf(n) === 'proposed');
    const chosen =
      numbers ?? Array.from({ length: total }, (_, at) => at + 1).filter((n) => matches(n, filter));
    if (chosen.length !== body['count']) {
      const message = `${chosen.length} corrections are waiting, and ${body['count']} were confirmed. Look again.`;
      return { status: 409, json: { code: 'RECONCILE_COUNT_CHANGED', message, found: chosen.length } };
    }
    const id = `approval-${approvals.length + 1}`;
    approvals.unshift({
      id,
      runId: 'stock-0',
      source: 'reconcile:stock',
      wanted: chosen.length,
      sent: 0,
      who: 'anna',
      at: now,
      endedAt: null,
      chosen,
    });
    return { status: 200, json: { approval: id, count: chosen.length } };
  }

  /** Whose differences are played; other runs have none. */
  const isWhole = (id: string): boolean => id === 'stock-0' || id === 'gone-0';
  const ok = (json: Body) => ({ status: 200, json });

  return {
    answer(method, path, query, body) {
      const language = query.get('lang')?.startsWith('de') ? 'de' : 'en';
      const [, what, id = '', action, at] = path.split('/');
      if (what === 'reconcilers' && method === 'POST') {
        running.add(id);
        return ok({ started: true });
      }
      if (what === 'reconcilers') {
        return ok({
          reconcilers: [
            {
              ...reconciler('stock', 'Nightly stock', true, true),
              held: approvals.filter((approval) => approval['held']).length,
            },
            reconciler('pos', 'Marketplace orders against Odoo, one day', true, false),
            reconciler('gone', '', false, false),
          ],
        });
      }
      if (what !== 'reconciliations') return undefined;
      if (id === '') {
        const name = query.get('reconciler') ?? 'stock';
        const items = Array.from({ length: 24 }, (_, index) => run(`${name}-${index}`));
        return ok({ items, next: null, total: items.length });
      }
      if (action === 'approve') return approve(body);
      if (action === 'approvals') {
        const held = approvals.find((approval) => approval['id'] === at) ?? {};
        Object.assign(held, { held: false, endedAt: now });
        if (path.endsWith('/redirect')) Object.assign(held, { source: body['target'], sent: held['wanted'] });
        else Object.assign(held, { withdrawnBy: 'anna' });
        return ok({});
      }
      if (action === 'cancel') {
        running.delete(id.split('-')[0] ?? '');
        return ok({ cancelled: true });
      }
      if (action === 'differences' && at === undefined) {
        return ok(isWhole(id) ? page(query, language) : { items: [], next: null, total: 0 });
      }
      if (action === 'differences') {
        const n = Number(at);
        const shown = difference(n, language);
        const { type } = kindOf(n);
        const hidden = query.get('personal') !== '1';
        const message = (quantity: string): Body => ({
          adjustmentId: `stock-0:1:${keyOf(n)}`,
          item: { identifiers: [{ scheme: 'sku', value: keyOf(n) }] },
          location: { code: 'GRZ' },
          unit: 'C62',
          mode: 'absolute',
          quantity,
          contact: hidden ? '[personal]' : 'ann@example.com',
        });
        const adjusts = type === 'inventory-adjustment';
        return ok({
          ...shown,
          evidence: words[language].evidence,
          facts: [],
          message: adjusts ? message('12') : null,
          redacted: adjusts && hidden ? 1 : 0,
          ...(adjusts ? { present: kindOf(n).kind === 'missing' ? null : message('10') } : {}),
        });
      }
      return ok({
        ...run(id),
        tally: isWhole(id) ? tally(language) : [],
        approvals: id === 'stock-0' ? approvals.map(({ chosen: _chosen, ...rest }) => rest) : [],
        open: !id.startsWith('gone'),
        target: id.startsWith('gone') ? null : `reconcile:${id.split('-')[0]}`,
      });
    },
    hold() {
      const id = `approval-${approvals.length + 1}`;
      const facts = { runId: 'stock-0', source: 'webhook:shop', wanted: 3, sent: 1, who: 'bert', at: now };
      approvals.unshift({ id, ...facts, endedAt: null, withdrawnBy: null, held: true, chosen: [] });
    },
    approveElsewhere(numbers) {
      for (const n of numbers) approved.set(n, 'bert');
    },
    leave() {
      for (const approval of approvals.filter(({ endedAt }) => endedAt === null)) {
        const chosen = (approval['chosen'] as number[]).filter((n) => !approved.has(n));
        for (const n of chosen) approved.set(n, String(approval['who']));
        approval['sent'] = chosen.length;
        approval['endedAt'] = now;
      }
    },
  };
}
