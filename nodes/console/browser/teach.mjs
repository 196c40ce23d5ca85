/**
 * Teaching a partner's code: what waits for it, what it might mean, and what that does to the newest waiting message.
 * What is taught is kept as a version with the user's name; the letters that waited go into a replay basket.
 */
import { createBasketView } from './basket.mjs';
import { button, el, field, fill } from './dom.mjs';
import { counted, t, tOr } from './text.mjs';

const teachable = new Set(['UNIT_UNKNOWN', 'ITEM_UNKNOWN', 'PACK_SIZE_DIFFERS']);
const typingPauseMs = 250;

export const mayTeach = (group) => teachable.has(group.code);

/** The panel above a group's letters. Empty until the server has said what the group waits for. */
export function createTeachPanel(context, group) {
  const element = el('section.teach', { 'aria-label': t('teach.title'), hidden: true });
  let shownStamp = '';

  async function refresh() {
    let wanted;
    try {
      wanted = await context.api.teaching(group.cause);
    } catch (error) {
      // Somebody who may see letters only.
      if (error.status !== 401 && error.status !== 403) throw error;
    }
    // All of them were handled.
    if (!wanted) {
      element.hidden = true;
      shownStamp = '';
      return;
    }
    const stamp = JSON.stringify([wanted.waiting, wanted.candidates.length, wanted.code]);
    if (stamp === shownStamp) return;
    // What somebody is filling in stays.
    if (shownStamp !== '' && element.contains(document.activeElement)) return;
    shownStamp = stamp;
    element.hidden = false;
    draw(wanted);
  }

  function draw(wanted) {
    const form = wanted.kind === 'unit' ? unitForm(context, wanted) : itemForm(context, wanted);
    const why = context.whyNot('write', 'crossdock-cross-references') ?? context.whyNot('write');
    const problem = el('p.problem', { role: 'alert' });
    let busy = false;

    async function teach() {
      if (busy) return;
      busy = true;
      problem.textContent = '';
      try {
        const entries = form.entries();
        if (entries.length === 0) throw new Error(t('teach.choose'));
        for (const entry of entries) await context.api.teach(entry);
        const { id } = await context.api.createBasket({
          name: t('teach.basket', { code: wanted.code, partner: wanted.partner }),
          filter: { cause: group.cause },
        });
        context.announce(t('teach.taught', { code: wanted.code, target: entries[0].target }));
        context.goTo('baskets', createBasketView(context, id));
      } catch (error) {
        problem.textContent = error.message;
      } finally {
        busy = false;
      }
    }

    fill(
      element,
      el('h4', {}, t(`teach.${wanted.content ? 'content' : wanted.kind}`, wanted)),
      el('p.hint', {}, counted('teach.waiting', wanted.waiting)),
      form.element,
      problem,
      el(
        'div.actions',
        {},
        button(t('teach.do'), teach, {
          glyph: 'graduation-cap',
          kind: 'main',
          why,
          announce: context.announce,
        }),
      ),
    );
  }

  return { element, refresh };
}

/** One of the candidates, or another unit by its name; and of packagings, how much one holds of this item. */
function unitForm(context, wanted) {
  const known = wanted.content ? wanted.meaning : undefined;
  let target = known ?? (wanted.candidates.length === 1 ? wanted.candidates[0].target : undefined);
  let kind = known ? 'packaging' : wanted.candidates.find((one) => one.target === target)?.kind;
  let timer;
  let asked = 0;
  const sum = el('p.sum', { role: 'status' });
  const held = el('input', {
    type: 'text',
    inputmode: 'decimal',
    value: wanted.packSize ?? undefined,
    oninput: () => soon(calculate),
  });
  const heldField = field(
    t('teach.held', wanted),
    held,
    wanted.item ? t('teach.heldHint', wanted) : t('teach.noItem'),
  );
  held.disabled = wanted.item === '';
  const choices = el('div.choices', { role: 'radiogroup', 'aria-label': t('teach.meaning') });
  const other = el('input', {
    type: 'text',
    'aria-label': t('teach.other'),
    placeholder: t('teach.other'),
    spellcheck: 'false',
    oninput: () => soon(search),
  });

  function soon(act) {
    clearTimeout(timer);
    timer = setTimeout(() => act().catch(context.fail), typingPauseMs);
  }

  function drawChoices(candidates) {
    fill(
      choices,
      candidates.map((one) => {
        const radio = el('input', {
          type: 'radio',
          name: 'crossdock-teach',
          'aria-label': `${one.target} ${one.name}`,
          value: one.target,
          checked: one.target === target,
          onchange: () => choose(one),
        });
        return el(
          'label.choice',
          {},
          radio,
          el(
            'span.meant',
            {},
            el('b', {}, one.target),
            ` ${one.name} `,
            el('small', {}, because(one.because)),
          ),
        );
      }),
    );
  }

  function choose(one) {
    target = one.target;
    kind = one.kind;
    drawHeld();
    calculate().catch(context.fail);
  }

  function drawHeld() {
    heldField.hidden = kind !== 'packaging';
  }

  async function search() {
    const q = other.value.trim();
    drawChoices(q === '' ? wanted.candidates : await context.api.units(q));
  }

  async function calculate() {
    const mine = ++asked;
    if (target === undefined) {
      fill(sum, t('teach.nothing', { quantity: wanted.quantity ?? 1, code: wanted.code }));
      return;
    }
    const { text } = await context.api.arithmetic({
      quantity: wanted.quantity ?? '1',
      code: wanted.code,
      target,
      quantityPerUnit: kind === 'packaging' ? held.value.trim() : '',
    });
    // Answers may overtake each other.
    if (mine === asked) fill(sum, text ?? '');
  }

  drawChoices(wanted.candidates);
  drawHeld();
  calculate().catch(context.fail);
  return {
    element: el('div.teach-form', {}, known ? undefined : [choices, other], heldField, sum),
    /** The unit for all items, and what one holds for this item. */
    entries() {
      if (target === undefined) return [];
      const { partner, scheme, code, item } = wanted;
      const unit = { kind: 'unit', partner, scheme, code, target };
      const amount = kind === 'packaging' && item !== '' ? held.value.trim() : '';
      if (amount === '') return wanted.content ? [] : [unit];
      const content = { ...unit, item, quantityPerUnit: amount };
      return wanted.content ? [content] : [unit, content];
    },
  };
}

/** Our SKU, typed or taken from what others mean by the code. */
function itemForm(context, wanted) {
  const sku = el('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' });
  const level = el('input', { type: 'text', placeholder: 'XCS', spellcheck: 'false' });
  const held = el('input', { type: 'text', inputmode: 'decimal', oninput: calculate });
  const sum = el('p.sum', { role: 'status' });
  let scheme = 'sku';

  function calculate() {
    const amount = held.value.trim();
    if (amount === '') fill(sum);
    else {
      context.api
        .arithmetic({
          quantity: wanted.quantity ?? '1',
          code: wanted.code,
          target: level.value.trim() || 'XPK',
          quantityPerUnit: amount,
        })
        .then(({ text }) => fill(sum, text ?? ''))
        .catch(context.fail);
    }
  }

  const choices = wanted.candidates.map((one) =>
    button(
      one.name,
      () => {
        scheme = one.targetScheme;
        sku.value = one.target;
        level.value = one.packLevel ?? '';
        held.value = one.quantityPerUnit ?? '';
        calculate();
      },
      { kind: 'small', name: `${one.name} – ${because(one.because)}` },
    ),
  );
  return {
    element: el(
      'div.teach-form',
      {},
      choices.length > 0 && el('div.choices', {}, choices),
      field(t('teach.sku'), sku),
      el(
        'details',
        {},
        el('summary', {}, t('teach.pack')),
        field(t('teach.level'), level),
        field(t('teach.count'), held),
      ),
      sum,
    ),
    entries() {
      const target = sku.value.trim();
      if (target === '') return [];
      const { partner, code } = wanted;
      const entry = { kind: 'item', partner, scheme: wanted.scheme, code, targetScheme: scheme, target };
      const [packLevel, quantityPerUnit] = [level.value.trim(), held.value.trim()];
      return [{ ...entry, ...(packLevel && { packLevel }), ...(quantityPerUnit && { quantityPerUnit }) }];
    },
  };
}

function because({ kind, text }) {
  return tOr(`teach.because.${kind}`, text, { text });
}
