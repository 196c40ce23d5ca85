/** The contracts of this gateway: which are deprecated or past their last day, and which nodes still work with them. */
import { contractDescription, listContracts } from './api.mjs';
import { button, el, fill, icon, refill } from './dom.mjs';
import { saveJson } from './download.mjs';
import { emptyState } from './empty.mjs';
import { nodeName } from './kinds.mjs';
import { createRows } from './pages.mjs';
import { counted, number, t } from './text.mjs';
import { createList } from './windowed-list.mjs';

const marks = {
  current: ['check-circle', 'success'],
  deprecated: ['hourglass-half', 'warning'],
  sunset: ['ban', 'error'],
};
const urgency = { sunset: 0, deprecated: 1, current: 2 };

/** What somebody has to act on first; then own contracts, then those in use, then all others. */
export function inOrder(contracts) {
  const rank = (entry) => [
    urgency[entry.state] ?? 2,
    entry.own ? 0 : 1,
    entry.users.length > 0 ? 0 : 1,
    entry.canonical ? 0 : 1,
  ];
  return [...contracts].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? a.name.localeCompare(b.name) || a.version.localeCompare(b.version) : left[at] - right[at];
  });
}

export function createContractsView(context) {
  const summary = el('div.summary', { role: 'status' });
  const body = el('div.body');
  const describe = (kind) =>
    button(t(`action.${kind}`), () => save(kind), {
      glyph: 'download',
      kind: 'small',
      name: t(`action.save-${kind}`),
    });
  const bar = el('div.bar', {}, summary, el('div.actions', {}, describe('openapi'), describe('asyncapi')));
  const element = el('section.view', { 'aria-label': t('tab.contracts') }, bar, body);
  const rows = createRows();
  const list = createList({
    label: t('tab.contracts'),
    rowHeight: 58,
    source: rows,
    draw: drawContract,
    open: reveal,
  });

  async function save(kind) {
    try {
      saveJson(`${kind}.json`, await contractDescription(kind));
      context.announce(t('said.savedFile', { file: `${kind}.json` }));
    } catch (error) {
      context.fail(error);
    }
  }

  /** The first node that works with it, on the canvas. */
  function reveal(contract) {
    const [user] = contract.users;
    if (user !== undefined && RED.nodes.node(user.id)) RED.view.reveal(user.id);
    else context.announce(t('said.unusedContract'));
  }

  function draw() {
    if (rows.total === 0) fill(body, emptyState('noMatch'));
    else if (list.element.parentNode !== body) fill(body, list.element);
    refill(summary, rows.total === undefined ? t('label.loading') : counted('count.contracts', rows.total));
    list.update();
  }

  async function refresh() {
    rows.set(inOrder(await listContracts()));
    context.ok();
    draw();
  }

  draw();
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: list.focus,
    close: list.close,
  };
}

function drawContract(contract) {
  const { name, version, title, state, users } = contract;
  const [glyph, tone] = marks[state] ?? marks.current;
  const life = lifeWords(contract);
  const used =
    users.length === 0
      ? t('contract.unused')
      : users.length === 1
        ? nodeName(users[0])
        : counted('count.nodes', users.length);
  return {
    key: `${name} ${version}`,
    stamp: JSON.stringify([state, contract.daysLeft, users]),
    classes: ['contract'],
    name: [`${name} ${version}`, life, used].filter(Boolean).join(', '),
    children: [
      icon(glyph, 'mark', tone),
      el(
        'span.text',
        {},
        el(
          'span.first',
          {},
          el('b', { title }, `${name} ${version}`),
          contract.own && el('span.tag', {}, t('contract.own')),
        ),
        el(
          'span.meta',
          { title: users.map(nodeName).join(', ') },
          life ? el('span', {}, `${life} · `) : '',
          contract.partner ? `${contract.partner} · ` : '',
          used,
        ),
      ),
    ],
  };
}

/** "deprecated, 12 days left: use acme-order@2.0". */
function lifeWords({ state, daysLeft, successor }) {
  if (state === 'current') return '';
  const next = successor ? t('contract.use', { successor }) : '';
  if (state === 'sunset') return t('contract.over') + next;
  if (daysLeft === null) return t('contract.deprecated') + next;
  return t(`contract.left.${daysLeft === 1 ? 'one' : 'other'}`, { n: number(daysLeft) }) + next;
}
