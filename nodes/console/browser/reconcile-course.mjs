/** The course of a run: how far it is, its start, its end before time. */
import { button, el } from './dom.mjs';
import { askForCancel } from './reconcile-questions.mjs';
import { isUnderWay, permission } from './reconcile-words.mjs';
import { t } from './text.mjs';

export function runProgress(run) {
  const bar = el('span.done');
  bar.style.width = `${run.progress}%`;
  return el(
    'div.progress',
    {
      role: 'progressbar',
      'aria-label': t('reconcile.progress'),
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'aria-valuenow': run.progress,
    },
    bar,
  );
}

/** Start, or cancel while a run is under way. */
export function runButtons(context, reconciler, newest) {
  const { announce } = context;
  const mayNot = context.whyNot('write', permission);
  if (isUnderWay(newest)) {
    return button(t('reconcile.action.cancel'), () => askForCancel(context, newest, context.live.changed), {
      glyph: 'stop',
      kind: 'small',
      why: mayNot ?? (reconciler.open ? undefined : t('reconcile.why.notOpen')),
      announce,
    });
  }
  const start = async () => {
    try {
      await context.api.startReconciler(reconciler.id);
      announce(t('reconcile.said.started'));
      context.live.changed();
    } catch (error) {
      context.fail(error);
    }
  };
  return button(t('reconcile.action.start'), start, {
    glyph: 'play',
    kind: 'small',
    why: mayNot ?? whyNotStarted(reconciler),
    announce,
  });
}

function whyNotStarted({ open, byHand }) {
  if (!open) return t('reconcile.why.notOpen');
  return byHand ? undefined : t('reconcile.why.message');
}
