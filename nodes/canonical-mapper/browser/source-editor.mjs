/** The window at a source cell: suggestions first, then where the value comes from. Enter takes, Escape leaves. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { reasonText, rowName } from './cells.mjs';
import { combo } from './combo.mjs';
import {
  constantControl,
  contextNames,
  labelled,
  pathOptions,
  selectControl,
  textControl,
  variableOptions,
} from './controls.mjs';
import { sourceText } from './describe.mjs';
import { entryPath, mapped, put, rulesOf } from './fill.mjs';
import { isList } from './paths.mjs';
import { sourceKind, withSource } from './spec-edit.mjs';
import { percent, t } from './words.mjs';

function kindsFor(row) {
  if (row.kind === 'object') return [];
  if (row.kind === 'list') return ['each', 'empty', 'named', 'from', 'jsonata'];
  return ['from', 'const', 'context', 'jsonata', 'result'];
}

function kindOf(row) {
  const kind = sourceKind(row.rule);
  if (row.kind !== 'list') return kind ?? 'from';
  if (kind === 'const') return 'empty';
  return kind ?? 'each';
}

/**
 * @param tools `{ session, popovers, say, editExpression(value, done), back() }`
 * @param start `{ text?, suggestions? }`: text typed already; suggestions open first
 */
export function editSource(tools, row, anchor, start = {}) {
  const { session, popovers, say } = tools;
  const { rule } = row;
  const content = el('div.source-editor');
  const kinds = kindsFor(row);
  let kind = kindOf(row);
  let read = () => undefined;

  function save(next, also = []) {
    popovers.close();
    if (rule === undefined) session.addAll([...also, next]);
    else if (next === undefined) session.remove([rule]);
    else session.replace(rule, next);
    say(t('said.mapped', { name: rowName(row) }));
  }

  function apply() {
    const value = read();
    if (
      value === undefined ||
      value === '' ||
      (Array.isArray(value) && value.length === 0 && kind !== 'empty')
    )
      return popovers.close();
    if (kind === 'named') {
      popovers.close();
      const name = `${row.target.replace(/\[[^\]]*\]$/, '')}[${value}]`;
      for (const field of session.state.fields) {
        const entry = `${row.field.path}[].`;
        if (field.path.startsWith(entry) && field.leaf && field.required)
          session.want(`${name}.${field.path.slice(entry.length)}`);
      }
      session.want(name);
      return undefined;
    }
    if (kind === 'from' && typeof value === 'string') {
      popovers.close();
      put(session, row, value);
      say(t('said.mapped', { name: rowName(row) }));
      return undefined;
    }
    const specKind = kind === 'empty' ? 'const' : kind;
    const target = kind === 'empty' ? row.target.replace(/\[\]$/, '') : row.target;
    const required = row.required && row.kind === 'field' && specKind !== 'const';
    const started = rule ?? { target, required: required || undefined };
    const also = rule === undefined && kind === 'from' ? mapped(session, row, value[0]).also : [];
    return save({ ...withSource(started, specKind, value), target }, also);
  }

  const onEnter = (event) => {
    if (event.key !== 'Enter' || (event.target.matches('textarea') && !event.ctrlKey)) return;
    event.preventDefault();
    apply();
  };

  function fieldForm() {
    const paths = [rule?.from ?? start.text ?? ''].flat();
    const slot = el('div.list-control');
    const inputs = [];
    const options = () => [...pathOptions(session), ...variableOptions(session)];
    const add = (value, first) => {
      const control = combo({
        value,
        label: first ? t('source.path') : t('source.alternative'),
        placeholder: t('source.pathPlaceholder'),
        options,
        first,
        open: first && !start.suggestions,
        empty: session.state.sample.format === null ? t('source.noSample') : t('source.noMatch'),
        chosen: () => inputs.length === 1 && apply(),
      });
      inputs.push(control);
      slot.append(
        first
          ? control.element
          : el('div.list-entry', {}, el('span.otherwise', {}, t('source.elseTry')), control.element),
      );
      return control;
    };
    paths.forEach((path, index) => {
      add(path, index === 0);
    });
    const more = button(t('source.addAlternative'), () => add('', false).input.focus(), {
      glyph: 'plus',
      kind: 'link',
    });
    read = () => {
      const given = inputs.map((input) => input.value()).filter(Boolean);
      return given.length > 1 ? given : given[0];
    };
    return [labelled(t('source.path'), slot), more];
  }

  function expressionForm() {
    const text = el('textarea.code', {
      rows: 4,
      'aria-label': t('source.kind.jsonata'),
      spellcheck: 'false',
      'data-first': true,
    });
    text.value = rule?.jsonata ?? '';
    read = () => text.value.trim();
    return [
      labelled(t('source.kind.jsonata'), text, t('source.jsonataHint')),
      button(
        t('source.openExpression'),
        () => {
          const value = text.value;
          popovers.close(false);
          tools.editExpression(value, (edited) =>
            save({
              ...withSource(
                rule ?? { target: row.target, required: row.required || undefined },
                'jsonata',
                edited,
              ),
            }),
          );
        },
        { glyph: 'external-link' },
      ),
    ];
  }

  function forms() {
    switch (kind) {
      case 'from':
        return fieldForm();
      case 'each': {
        const lists = () =>
          session.state.sample.fields
            .filter(({ type }) => type === 'list')
            .map(({ path, examples }) => ({ value: `${path}[]`, hint: examples[0] }));
        const control = combo({
          value: rule?.each ?? start.text ?? '',
          label: t('source.kind.each'),
          placeholder: t('source.listPlaceholder'),
          options: lists,
          chosen: apply,
          first: true,
          open: !start.suggestions,
          empty: t('source.noLists'),
        });
        read = () =>
          control.value() === '' ? undefined : entryPath(control.value(), session.state.sample.fields);
        return [labelled(t('source.eachLabel'), control.element, t('source.eachHint'))];
      }
      case 'empty':
        read = () => [];
        return [el('p.hint', {}, t('source.emptyHint'))];
      case 'named': {
        const control = textControl('', t('source.entryName'), () => {}, {
          'data-first': true,
          placeholder: 'sku',
        });
        read = () => (/^[A-Za-z_][\w-]*$/.test(control.read().trim()) ? control.read().trim() : undefined);
        return [labelled(t('source.entryName'), control.element, t('source.namedHint'))];
      }
      case 'const': {
        const control = constantControl(
          row.field,
          rule?.const ?? start.text ?? row.field?.const,
          t('source.kind.const'),
          () => {},
        );
        control.element.setAttribute('data-first', '');
        read = control.read;
        return [labelled(t('source.kind.const'), control.element)];
      }
      case 'context': {
        const control = selectControl(
          rule?.context ?? 'channel',
          t('source.kind.context'),
          contextNames.map((name) => [name, t(`context.${name}`)]),
          () => {},
        );
        control.element.setAttribute('data-first', '');
        read = control.read;
        return [labelled(t('source.kind.context'), control.element)];
      }
      case 'result': {
        const control = combo({
          value: rule?.result ?? '',
          label: t('source.kind.result'),
          placeholder: 'totals.lineExtension',
          options: () => session.spec.rules.map(({ target }) => ({ value: target })),
          chosen: apply,
          first: true,
        });
        read = control.value;
        return [labelled(t('source.resultLabel'), control.element, t('source.resultHint'))];
      }
      default:
        return expressionForm();
    }
  }

  function suggestionList(list) {
    if (list.length === 0) return undefined;
    return el(
      'div.suggestion-list',
      { role: 'group', 'aria-label': t('suggestion.heading') },
      el('h4', {}, icon('magic'), t('suggestion.heading')),
      list.map((suggestion, index) =>
        el(
          'button.suggestion',
          {
            type: 'button',
            'data-first': index === 0 && start.suggestions ? true : undefined,
            onclick: () => {
              popovers.close();
              if (rule !== undefined) session.replace(rule, { ...suggestion.rule });
              else session.addAll(rulesOf(suggestion));
              say(t('said.mapped', { name: rowName(row) }));
            },
          },
          el(
            'span.suggestion-line',
            {},
            el('b', {}, sourceText(suggestion.rule).text),
            el('span.confidence', {}, percent(suggestion.confidence)),
          ),
          el('small', {}, reasonText(suggestion)),
        ),
      ),
    );
  }

  const suggestions = session.suggestionsFor(row);
  const place = el('div.suggestion-place');
  fill(place, suggestionList(suggestions));
  const form = el('div.source-form', {});
  const tabs = el(
    'div.segments',
    { role: 'radiogroup', 'aria-label': t('source.kinds') },
    kinds.map((each) =>
      el(
        'button.segment',
        {
          type: 'button',
          role: 'radio',
          'data-kind': each,
          onclick: () => {
            kind = each;
            draw(true);
          },
        },
        t(`source.kind.${each}`),
      ),
    ),
  );
  tabs.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    kind = kinds[(kinds.indexOf(kind) + by + kinds.length) % kinds.length];
    draw(false);
    tabs.querySelector('[aria-checked="true"]').focus();
  });

  function draw(focus) {
    for (const tab of tabs.children) {
      const on = tab.dataset.kind === kind;
      tab.setAttribute('aria-checked', String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    fill(form, forms());
    if (focus) form.querySelector('[data-first], input, select, textarea')?.focus();
  }

  fill(
    content,
    el('div.popover-head', {}, el('b', {}, rowName(row)), el('span.mono', {}, row.target)),
    row.field?.description && el('p.hint', {}, row.field.description),
    place,
    kinds.length > 1 && tabs,
    form,
    el(
      'div.actions.end',
      {},
      rule !== undefined &&
        button(t('action.clear'), () => save(undefined), { kind: 'bare', glyph: 'eraser' }),
      button(t('action.apply'), apply, { kind: 'main' }),
    ),
  );
  content.addEventListener('keydown', onEnter);
  // A kind of source is not named after the list of an entry with fields (`from` wants a list of plain values).
  if (row.kind === 'list' && isList(row.target) && kind === 'from' && rule === undefined) kind = 'each';
  draw(false);
  popovers.show(anchor, {
    label: t('source.editorOf', { name: rowName(row) }),
    content,
    width: 460,
    back: tools.back,
  });
  if (start.text) {
    const input = form.querySelector('input');
    input?.focus();
    input?.setSelectionRange(input.value.length, input.value.length);
    input?.dispatchEvent(new Event('input'));
  }
  if (start.suggestions && suggestions.length === 0) {
    void session.suggest([row.target]).then(
      ({ targets }) => {
        if (!content.isConnected) return;
        fill(place, suggestionList(targets[0]?.suggestions ?? []) ?? el('p.hint', {}, t('suggestion.none')));
        place.querySelector('button')?.focus();
      },
      () => undefined,
    );
  }
}
