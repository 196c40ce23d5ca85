/** One difference: what differs, why that is likely, what would mend it, and its approval. */
import { contents } from './contents.mjs';
import { button, el, refill } from './dom.mjs';
import { createLetterView } from './letter.mjs';
import { createNeighbours } from './neighbours.mjs';
import { createRows } from './pages.mjs';
import { askForApproval } from './reconcile-questions.mjs';
import { kindMark, permission, whyNotApproved, whyNotNow } from './reconcile-words.mjs';
import { counted, dateTime, t } from './text.mjs';

/** @param differences the pages that the difference stands in at `index`, for the neighbours */
export function createDifferenceView(context, { run, difference, index, differences }) {
  const head = el('header.title');
  const body = el('div.body.scroll', { tabindex: -1 });
  const element = el('section.view', { 'aria-label': t('reconcile.difference') }, head, body);
  let personal = false;
  let stamp = '';

  function drawHead() {
    refill(
      head,
      button('', context.pop, { glyph: 'chevron-left', kind: 'bare', name: t('reconcile.backTo.run') }),
      el(
        'div',
        {},
        el('h3.selectable', {}, difference.key === '' ? t('reconcile.noKey') : difference.key),
        el('p.meta', {}, kindMark(difference.kind), `${difference.kindText} · ${difference.sideLabel}`),
      ),
      neighbours(),
    );
  }

  const neighbours = createNeighbours(context, {
    items: differences,
    index,
    names: { previous: t('reconcile.action.previous'), next: t('reconcile.action.next') },
    why: t('reconcile.why.noNeighbour'),
    move(next) {
      difference = next;
      personal = false;
      stamp = '';
      drawHead();
      refresh().catch(context.fail);
    },
  });

  async function refresh() {
    const asked = difference.number;
    const [detail, now] = await Promise.all([
      context.api.difference(run.runId, asked, personal),
      context.api.run(run.runId),
    ]);
    if (asked !== difference.number) return;
    run = now;
    context.ok();
    const next = JSON.stringify([personal, detail, run.open, run.finishedAt]);
    if (next === stamp) return;
    stamp = next;
    difference = { ...difference, ...detail };
    drawHead();
    refill(body, sections(detail));
    context.settle();
  }

  function sections(detail) {
    return [
      el('p.lead.selectable', {}, detail.sentence),
      el('p.hint', {}, detail.causeText),
      correction(detail),
      part(
        'reconcile.section.evidence',
        el(
          'ul.problems',
          {},
          detail.evidence.map((text) => el('li.selectable', {}, text)),
        ),
      ),
      part('reconcile.section.facts', facts(detail)),
    ];
  }

  function facts(detail) {
    const { field, expected, found, delta, since, runs } = detail;
    const rows = [
      [run.keyLabel, detail.key],
      [t('reconcile.fact.field'), field],
      [run.labels[0], expected],
      [detail.sideLabel, found],
      [t('reconcile.fact.delta'), delta],
      [t('reconcile.fact.since'), `${dateTime(since)} (${counted('reconcile.runsInRow', runs)})`],
    ];
    return el(
      'dl.facts',
      {},
      rows.filter(([, value]) => value).map(([label, value]) => [el('dt', {}, label), el('dd', {}, value)]),
    );
  }

  function correction(detail) {
    const { correction: proposal, message } = detail;
    const why = whyNotApproved(detail, run);
    return part(
      'reconcile.section.correction',
      proposal.text && el('p', {}, proposal.text),
      proposal.state !== 'proposed' && proposal.text !== why && el('p.note', {}, why),
      el(
        'div.actions',
        {},
        proposal.state === 'proposed' && approveButton(),
        proposal.type === 'letter' && letterButton(proposal.letter),
      ),
      message !== null && [masked(detail), messageOf(detail)],
    );
  }

  function approveButton() {
    return button(
      t('reconcile.action.approveOne'),
      () =>
        askForApproval(context, {
          run,
          numbers: [difference.number],
          count: 1,
          done: () => {
            refresh().catch(context.fail);
            context.live.changed();
          },
        }),
      {
        glyph: 'check',
        kind: 'main',
        why: context.whyNot('write', permission) ?? whyNotNow(run),
        announce: context.announce,
      },
    );
  }

  /** What failed lies among the dead letters: there it is replayed. */
  function letterButton(id) {
    const show = async () => {
      try {
        const letter = await context.api.letter(id, false);
        const alone = createRows();
        alone.set([letter]);
        context.goTo('letters', createLetterView(context, { letter, index: 0, letters: alone }));
      } catch (error) {
        context.fail(error);
      }
    };
    return button(t('reconcile.action.letter'), show, {
      glyph: 'inbox',
      kind: 'main',
      why: context.whyNot('read'),
      announce: context.announce,
    });
  }

  function masked(detail) {
    if (!personal && detail.redacted === 0) return undefined;
    return el(
      'div.line.spread',
      {},
      el('span.hint', {}, personal ? t('label.personalShown') : counted('count.masked', detail.redacted)),
      button(personal ? t('action.hidePersonal') : t('action.showPersonal'), togglePersonal, {
        glyph: personal ? 'eye-slash' : 'eye',
        kind: 'small',
        why: context.whyNot('personal', permission),
        announce: context.announce,
      }),
    );
  }

  function togglePersonal() {
    personal = !personal;
    refresh().catch((error) => {
      personal = !personal;
      context.fail(error);
    });
  }

  drawHead();
  return {
    element,
    refresh,
    shown: () => refresh().catch(context.fail),
    focus: () => head.querySelector('button')?.focus(),
  };
}

function part(key, ...children) {
  return el('section.part', {}, el('h4', {}, t(key)), children.flat(2));
}

/** The message that would leave, beside what the source says now where that is known. */
function messageOf({ message, present, correction: { sideLabel } }) {
  const asContent = (value) => ({ type: value === null ? 'none' : 'json', value });
  const after = { label: t('reconcile.after'), content: asContent(message) };
  if (present === undefined) return contents([after]);
  if (present === null) {
    return [el('p.hint', {}, t('reconcile.nothingThere', { side: sideLabel })), contents([after])];
  }
  return contents([{ label: t('reconcile.before'), content: asContent(present) }, after]);
}
