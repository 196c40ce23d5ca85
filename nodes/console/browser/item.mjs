/** One letter of a basket: what a dry run would change, what would be sent, and the edit of it. */
import { contents } from './contents.mjs';
import { button, el, refill } from './dom.mjs';
import { openEditor } from './edit.mjs';
import { dryRunMark, stateBadge, trialWords } from './kinds.mjs';
import { counted, number, t } from './text.mjs';

const redacted = /\[(?:personal|confidential)\]/;

export function createItemView(context, { id, item, editable }) {
  const head = el('header.title');
  const body = el('div.body.scroll', { tabindex: -1 });
  const element = el('section.view', { 'aria-label': t('label.item') }, head, body);
  let stamp = '';

  async function refresh() {
    const [detail, letter] = await Promise.all([
      context.api.item(id, item.item),
      context.api.letter(item.letter.id, false),
    ]);
    context.ok();
    const next = JSON.stringify([detail, letter.lastAt]);
    if (next === stamp) return;
    stamp = next;
    refill(
      head,
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('action.backTo.basket') }),
      el(
        'div',
        {},
        el('h3.selectable', {}, detail.letter.businessKey ?? detail.letter.id),
        el('p.meta', {}, stateBadge(detail.state)),
      ),
    );
    refill(
      body,
      el('p.lead', {}, detail.note ?? detail.letter.reason),
      trial(detail.dryRun),
      el(
        'section.part',
        {},
        el(
          'div.line.spread',
          {},
          el('h4', {}, t('section.toSend')),
          editable && detail.state === 'pending' && editButton(detail),
        ),
        contents([
          { label: t('label.original'), content: letter.original },
          { label: detail.edited ? t('label.editedBody') : t('label.toSend'), content: detail.body },
        ]).flat(),
      ),
    );
    context.settle();
  }

  function editButton(detail) {
    return button(t('action.edit'), () => edit(detail).catch(context.fail), {
      glyph: 'pencil',
      kind: 'small',
      why: context.whyNot('write') ?? whyNotEditable(detail.body, context.whyNot('personal')),
      announce: context.announce,
    });
  }

  async function edit({ body, edited }) {
    // With the masks in it the message would be sent with the masks.
    const masked = body.type === 'hidden' || redacted.test(JSON.stringify(body.value));
    const content = masked ? await unmasked() : body;
    openEditor({
      content,
      edited,
      closed: context.focus,
      save: async (value) => {
        await context.api.edit(id, item.item, value);
        context.announce(t('said.saved'));
        await refresh();
      },
    });
  }

  async function unmasked() {
    const { body: whole } = await context.api.item(id, item.item, true);
    return whole;
  }

  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => head.querySelector('button')?.focus(),
  };
}

function whyNotEditable(content, mayNotSee) {
  if (content.type === 'hidden') return mayNotSee;
  if (content.type !== 'json' && content.type !== 'text') return t('content.notEditable');
  return redacted.test(JSON.stringify(content.value))
    ? mayNotSee && t('content.maskedNotEditable')
    : undefined;
}

function trial(dryRun) {
  if (dryRun === null) return undefined;
  const value = (known) => (known === null ? '–' : typeof known === 'string' ? known : JSON.stringify(known));
  return el(
    'section.part',
    {},
    el('h4', {}, t('label.dryRun'), dryRun.mapper && el('small', {}, ` ${dryRun.mapper.name}`)),
    el('p', {}, dryRunMark(dryRun.result), trialWords(dryRun)),
    dryRun.problems.length > 0 &&
      el(
        'ul.problems',
        {},
        dryRun.problems.map(({ path, message }) => el('li', {}, path && el('code', {}, path), ' ', message)),
      ),
    dryRun.changes.length > 0 &&
      el(
        'dl.changes',
        {},
        dryRun.changes.map(({ path, before, after }) => [
          el('dt', {}, path),
          el('dd', {}, el('del', {}, value(before)), el('ins', {}, value(after))),
        ]),
      ),
    dryRun.moreChanges > 0 &&
      el('p.hint', {}, counted('count.moreChanges', dryRun.moreChanges, { n: number(dryRun.moreChanges) })),
  );
}
