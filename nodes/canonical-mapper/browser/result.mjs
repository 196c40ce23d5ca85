/** The right side: how much is covered, what is wrong, and the result as JSON. Live, for the sample. */
import { button, el, fill, icon } from '../../console/browser/dom.mjs';
import { counted, number, percent, t } from './words.mjs';

const mostLines = 1500;
const mostProblems = 60;

function ring(label, done, total, kind) {
  const share = total === 0 ? 0 : done / total;
  const element = el(
    `div.ring.${kind}${share >= 1 ? '.full' : ''}`,
    { role: 'img', 'aria-label': t('result.ringLabel', { label, done: number(done), total: number(total) }) },
    el(
      'span.ring-value',
      { 'aria-hidden': 'true' },
      share >= 1 && kind === 'target' ? icon('check') : percent(share),
    ),
  );
  element.style.setProperty('--share', String(share));
  return el(
    'div.ring-box',
    {},
    element,
    el(
      'div',
      { 'aria-hidden': 'true' },
      el('b', {}, t('result.of', { done: number(done), total: number(total) })),
      el('span.meta', {}, label),
    ),
  );
}

/** One line of pretty JSON, its key apart from its value. */
function jsonLine(line) {
  const found = /^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$/.exec(line);
  if (found === null) return [line, '\n'];
  const [, space, key, colon, rest] = found;
  return [space, el('span.json-key', {}, key), colon, rest, '\n'];
}

/** @param context `{ session, goToRule(rule), goTo(target), say }` */
export function createResultPane({ session, goToRule, goTo, say }) {
  const { state } = session;
  const stage = el('div.pane-stage');
  const element = el('section.pane.result', { 'aria-label': t('result.heading') }, stage);
  const json = el('pre.json', { tabindex: 0, 'aria-label': t('result.json') });
  let jsonText = '';
  let said = '';

  function drawJson(value) {
    const text = value === null || value === undefined ? '' : JSON.stringify(value, null, 2);
    if (text === jsonText) return;
    jsonText = text;
    const top = json.scrollTop;
    const lines = text.split('\n');
    fill(
      json,
      lines.slice(0, mostLines).flatMap(jsonLine),
      lines.length > mostLines
        ? el('span.meta', {}, t('result.cut', { n: number(lines.length - mostLines) }))
        : undefined,
    );
    json.scrollTop = top;
  }

  function targetOf(path) {
    return path
      .split('/')
      .slice(1)
      .reduce(
        (text, part) => (/^\d+$/.test(part) ? `${text}[]` : text === '' ? part : `${text}.${part}`),
        '',
      );
  }

  function problemList(trial) {
    const { problems } = trial;
    if (problems.length === 0) return undefined;
    return el(
      'ul.problems',
      { 'aria-label': t('result.problems') },
      problems.slice(0, mostProblems).map((problem) =>
        el(
          'li',
          {},
          el(
            'button.problem-link',
            {
              type: 'button',
              onclick: () =>
                problem.rule === null
                  ? goTo(targetOf(problem.path))
                  : goToRule(session.spec.rules[problem.rule]),
            },
            icon('exclamation-circle'),
            el('span', {}, problem.message),
          ),
        ),
      ),
      problems.length > mostProblems
        ? el('li.meta', {}, counted('result.more', problems.length - mostProblems))
        : undefined,
    );
  }

  function verdict(trial) {
    if (trial.valid) return el('span.verdict.good', {}, icon('check-circle'), t('result.valid'));
    const n = trial.problems.length;
    return el(
      'span.verdict.bad',
      {},
      icon('exclamation-circle'),
      n === 0 ? t('result.invalid') : counted('result.problemCount', n),
    );
  }

  function emptyState() {
    const key = session.spec.rules.length > 0 && state.sample.format === null ? 'noSample' : 'empty';
    return el(
      'div.empty',
      {},
      icon('eye'),
      el('h4', {}, t(`result.${key}Title`)),
      el('p', {}, t(`result.${key}Text`)),
    );
  }

  function draw() {
    const { trial } = state;
    const head = el(
      'div.pane-head',
      {},
      el('h3', {}, t('result.heading')),
      trial && verdict(trial),
      el('span.spring'),
      state.trying && icon('spinner', 'fa-spin', 'busy'),
      jsonText !== '' && trial && copyButton(),
    );
    if (state.failure !== '' && trial === undefined) {
      fill(
        stage,
        head,
        el('div.notice.error', { role: 'alert' }, icon('warning'), el('span', {}, state.failure)),
      );
      return;
    }
    if (trial === undefined) {
      fill(stage, head, emptyState());
      return;
    }
    const { target, source } = trial.coverage;
    drawJson(trial.result);
    fill(
      stage,
      head,
      state.failure !== '' &&
        el('div.notice.error', { role: 'alert' }, icon('warning'), el('span', {}, state.failure)),
      el(
        'div.rings',
        {},
        ring(t('result.required'), target.filled, target.required, 'target'),
        ring(t('result.source'), source.used, source.total, 'source'),
      ),
      problemList(trial),
      json,
    );
    const now = t('result.said', {
      verdict: trial.valid ? t('result.valid') : counted('result.problemCount', trial.problems.length),
      filled: number(target.filled),
      required: number(target.required),
    });
    if (now !== said) {
      said = now;
      say(now);
    }
  }

  function copyButton() {
    return button(
      '',
      (event) => RED.clipboard.copyText(jsonText, $(event.currentTarget), 'clipboard.copyMessageValue'),
      { glyph: 'copy', kind: 'bare', name: t('result.copy') },
    );
  }

  session.listen((what) => {
    if (what === 'sample' && state.sample.format === null) jsonText = '';
    if (['trial', 'trying', 'failure', 'sample', 'spec'].includes(what)) draw();
  });
  draw();
  return { element };
}
