/** How runs and differences look and read, in every view of the reconciliation alike. Never by colour alone. */
import { el, icon } from './dom.mjs';
import { counted, dateTime, number, shortTime, t } from './text.mjs';

export const permission = 'crossdock-reconciler';

const states = {
  reading: ['play-circle', 'success'],
  comparing: ['play-circle', 'success'],
  done: ['check-circle', 'success'],
  cancelled: ['ban', 'calm'],
  failed: ['times-circle', 'error'],
};

const kinds = {
  missing: ['minus-square-o', 'warning'],
  extra: ['plus-square-o', 'warning'],
  quantity: ['hashtag', 'warning'],
  status: ['flag-o', 'warning'],
  late: ['clock-o', 'warning'],
  value: ['pencil', 'warning'],
  duplicate: ['clone', 'warning'],
  invalid: ['exclamation-circle', 'error'],
  pending: ['hourglass-half', 'calm'],
};

export const isUnderWay = (run) => run?.finishedAt === null;

/** What a run came to at a glance: a bell for an alarm, a tick only where nothing differs. */
export function runMark(run) {
  const [glyph, tone] =
    run.state !== 'done'
      ? (states[run.state] ?? ['circle-o', 'calm'])
      : run.alarms.length > 0
        ? ['bell', 'error']
        : run.counts.different > 0
          ? ['exclamation-circle', 'warning']
          : states.done;
  return icon(glyph, 'mark', tone);
}

export function kindMark(kind) {
  const [glyph, tone] = kinds[kind] ?? ['circle-o', 'calm'];
  return icon(glyph, 'mark', tone);
}

/** "12 of 20,000 differ · 3 pending": what is on its way is never counted as a difference. */
export function runWords(run) {
  const { different, pending, keys } = run.counts;
  if (isUnderWay(run)) return `${t(`reconcile.state.${run.state}`)} · ${number(run.progress)} %`;
  if (run.state === 'failed') return run.problem ?? t('reconcile.state.failed');
  const words = [
    run.state === 'cancelled' && t('reconcile.state.cancelled'),
    different === 0 && run.state === 'done'
      ? t('reconcile.allAgree', { keys: number(keys) })
      : counted('reconcile.differ', different, { keys: number(keys) }),
    pending > 0 && counted('reconcile.pending', pending),
  ];
  return words.filter(Boolean).join(' · ');
}

export function alarmWords({ of, limit, found }) {
  return t(`reconcile.alarm.${of}`, { limit: decimal(limit), found: decimal(found) });
}

/** A number of the server, which is text so that nothing is lost, as people write it. */
export function decimal(text) {
  const value = Number(text);
  return Number.isFinite(value) && text !== '' && text !== null ? number(value) : String(text ?? '');
}

export function reconcilerName({ name, labels }) {
  return name || labels.join(' – ');
}

export function aboutWords({ about, labels, name }) {
  const what = t(`reconcile.about.${about}`);
  return name ? `${what} · ${labels.join(' – ')}` : what;
}

export function timeOf(at) {
  return el('time', { title: dateTime(at) }, shortTime(at));
}

/** Of a source by itself: there are no two values to hold against each other. */
export const isOfOne = ({ kind, insteadOf }) => ['duplicate', 'invalid'].includes(insteadOf ?? kind);

/** Both values, as short as they can be: "12 → 10". */
export function valuesOf(difference) {
  const { expected, found } = difference;
  if (isOfOne(difference) || (expected === null && found === null)) return '';
  return `${expected ?? '–'} → ${found ?? '–'}`;
}

/** "quantity −2", with the source where that is not plain. */
export function kindWords(difference, labels) {
  const { kindText, side, sideLabel, delta, kind, insteadOf } = difference;
  const number = delta !== null && (insteadOf ?? kind) !== 'late' ? signed(delta) : '';
  const source = labels.length > 2 || side === 'first' ? sideLabel : '';
  return [[kindText, number].filter(Boolean).join(' '), source].filter(Boolean).join(' · ');
}

/** With a true minus. */
function signed(delta) {
  return delta.startsWith('-') ? `−${decimal(delta.slice(1))}` : `+${decimal(delta)}`;
}

/** Why no correction can be approved; undefined where one can. */
export function whyNotApproved(difference, run) {
  const { correction, kind } = difference;
  if (correction.state === 'approved') {
    return t('reconcile.why.approved', { who: correction.by, when: shortTime(correction.at) });
  }
  if (correction.state === 'none') {
    if (kind === 'pending') return t('reconcile.why.pending');
    if (correction.type === 'letter') return t('reconcile.why.letter');
    if (correction.type === 'review') return correction.text;
    return t('reconcile.why.none');
  }
  return whyNotNow(run);
}

/** Why nothing of this run can be approved now. */
export function whyNotNow(run) {
  if (run === undefined) return t('label.loading');
  if (isUnderWay(run)) return t('reconcile.why.underWay');
  if (!run.open) return t('reconcile.why.notOpen');
  return undefined;
}
