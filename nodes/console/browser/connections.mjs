/** The connections to Odoo: how they are doing, until when their keys work, and what their accounts may do. */
import { listConnections, testConnection } from './api.mjs';
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { nodeName } from './kinds.mjs';
import { counted, day, number, shortTime, t, tOr } from './text.mjs';

/** Odoo is not a store: nothing tells the console that its connections have changed. */
const everyMs = 5000;
const dayMs = 86_400_000;
const saidDays = 30;
const transports = { json2: 'JSON-2', jsonrpc: 'JSON-RPC' };

/** What a connection needs most: `[state, tone, glyph]`; `state` names the text. */
export function stateOf({ open, breaker, keys, lastError, traffic }) {
  if (!open) return ['unused', 'calm', 'circle-o'];
  if (breaker !== 'closed') return ['down', 'error', 'times-circle'];
  if (keys.refused.length === keys.count) return ['refused', 'error', 'ban'];
  if (traffic.errors > 0 && lastError) return ['errors', 'warning', 'exclamation-triangle'];
  return ['fine', 'success', 'check-circle'];
}

/** Whole days until the key ends; undefined when nobody knows of an end. */
export function daysLeft(key, now = Date.now()) {
  return key?.state === 'ends' ? Math.floor((Date.parse(key.endsAt) - now) / dayMs) : undefined;
}

export function createConnectionsView(context) {
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body.scroll', { tabindex: -1 });
  const element = el(
    'section.view',
    { 'aria-label': t('tab.connections') },
    el('div.bar', {}, summary),
    body,
  );
  /** By connection: what the last test said, and whether the steps of an exchange are shown. */
  const reports = new Map();
  const rotating = new Set();
  let connections;
  let stamp = '';
  let timer;

  function draw() {
    refill(
      summary,
      connections === undefined ? t('label.loading') : counted('count.connections', connections.length),
    );
    if (connections?.length === 0) fill(body, emptyState('noConnections'));
    else if (connections !== undefined) refill(body, connections.map(card));
  }

  function card(connection) {
    const [state, tone, glyph] = stateOf(connection);
    const { id, name, users } = connection;
    return el(
      'section.connection',
      {},
      el('h3', {}, icon(glyph, 'mark', tone), el('span.selectable', {}, name || connection.url || id)),
      el('p.meta', {}, stateWords(state, connection)),
      connection.open && facts(connection),
      el(
        'div.actions',
        {},
        connection.open &&
          button(t('action.whatItMay'), () => test(id), {
            glyph: 'key',
            kind: 'small',
            why: context.whyNot('write', 'crossdock-odoo-server'),
            announce: context.announce,
          }),
        connection.open &&
          button(t('action.exchangeKey'), () => toggle(id), { glyph: 'refresh', kind: 'small' }),
        button(t('action.edit'), () => edit(id), { glyph: 'pencil', kind: 'small' }),
      ),
      rotating.has(id) && steps(connection),
      reports.get(id),
      users.length > 0 && el('p.meta', {}, t('connection.usedBy', { nodes: users.map(nodeName).join(', ') })),
    );
  }

  function toggle(id) {
    if (!rotating.delete(id)) rotating.add(id);
    draw();
  }

  function edit(id) {
    RED.editor.editConfig('', 'crossdock-odoo-server', id);
  }

  async function test(id) {
    reports.set(id, el('p.hint', { role: 'status' }, t('connection.testing')));
    draw();
    try {
      const answer = await testConnection(id);
      reports.set(id, answer.ok ? reportOf(answer) : el('p.hint', { role: 'alert' }, answer.message));
      context.ok();
    } catch (error) {
      reports.delete(id);
      context.fail(error);
    }
    draw();
  }

  async function refresh() {
    const next = await listConnections();
    context.ok();
    // An unchanged list is not drawn anew: the reader's place and selection stay.
    const nextStamp = JSON.stringify(next);
    if (nextStamp === stamp) return;
    stamp = nextStamp;
    connections = next;
    draw();
    context.settle();
  }

  function again() {
    const seen = document.visibilityState === 'visible' && element.getClientRects().length > 0;
    if (seen) refresh().catch(context.fail);
  }

  draw();
  return {
    element,
    refresh,
    shown() {
      timer ??= setInterval(again, everyMs);
      refresh().catch(context.fail);
    },
    focus: () => body.focus(),
    close: () => clearInterval(timer),
  };
}

function stateWords(state, { waitsMs, lastError }) {
  if (state === 'down') return t('connection.down', { n: number(Math.max(1, Math.ceil(waitsMs / 1000))) });
  if (state === 'errors') {
    return t('connection.errors', { code: lastError.code, at: shortTime(lastError.at) });
  }
  return t(`connection.${state}`);
}

function facts(connection) {
  const { url, database, user, company, version, traffic, key, keys } = connection;
  const codes = Object.entries(traffic.byCode).map(([code, n]) => `${code} ${number(n)}`);
  const rows = [
    ['address', url],
    ['database', database],
    ['version', version && `${version.text} (${transports[version.transport] ?? version.transport})`],
    ['user', user],
    ['company', company],
    ['calls', callsWords(traffic)],
    ['codes', codes.join(', ')],
    ['key', keyWords(key, keys)],
  ];
  return el(
    'dl.facts',
    {},
    rows
      .filter(([, value]) => value)
      .map(([label, value]) => [el('dt', {}, t(`connection.label.${label}`)), el('dd', {}, value)]),
  );
}

function callsWords({ calls, errors, meanMs, longestMs, minutes }) {
  const values = {
    calls: number(calls),
    errors: number(errors),
    mean: number(meanMs),
    longest: number(longestMs),
  };
  return t(calls === 0 ? 'connection.noCalls' : 'connection.calls', { ...values, minutes: number(minutes) });
}

function keyWords(key, keys) {
  const days = daysLeft(key);
  const words = [];
  if (days !== undefined) {
    const text = days <= saidDays ? 'connection.key.endsIn' : 'connection.key.ends';
    const values = { day: day(key.endsAt), n: number(days), keys: number(key.keys) };
    words.push(t(key.exact ? text : 'connection.key.oneEnds', values));
  } else words.push(t(`connection.key.${key.state === 'endless' ? 'endless' : 'unknown'}`));
  if (keys.count > 1) words.push(t(`connection.key.${keys.current}Used`));
  if (keys.refused.includes('next')) words.push(t('connection.key.nextRefused'));
  return words.join(' ');
}

/** How a key is exchanged without a gap; what is done already is said. */
function steps({ keys, user }) {
  const done = keys.count > 1;
  const works = done && keys.current === 'next';
  const list = ['make', 'enter', 'check', 'finish'].map((step) => {
    const past = step === 'check' ? works : step === 'finish' ? false : done;
    const text = t(`connection.step.${step}`, { user: user || t('connection.itsUser') });
    return el('li', {}, past && icon('check', 'mark', 'success'), text);
  });
  return el('ol.steps', {}, list);
}

/** What the dialog shows of a test, with one sentence before it. */
function reportOf(answer) {
  const transport = transports[answer.transport] ?? answer.transport;
  const report = el('div');
  RED.nodes.getType('crossdock-odoo-server')?.showReport(report, answer);
  const sentence = tOr('connection.may', '', { user: answer.user, version: answer.version, transport });
  return el('div.report', {}, el('p.hint', {}, sentence), report);
}
