/** How one figure went from run to run, as bars: small, without a library, in the theme's colours. */
import { el } from './dom.mjs';
import { alarmWords, decimal } from './reconcile-words.mjs';
import { dateTime, number, t } from './text.mjs';

/** Height in percent of the chart; what is not zero is always seen. */
export function barHeights(values) {
  const most = Math.max(0, ...values);
  return values.map((value) => (value > 0 && most > 0 ? Math.max(6, (100 * value) / most) : 0));
}

/** @param figure rate or value */
function chart(figure, trend) {
  const values = trend.map((run) => Number(run[figure]) || 0);
  const heights = barHeights(values);
  const alarmed = trend.map(({ alarms }) => alarms.find(({ of }) => of === figure));
  const unit = (text) => t(`reconcile.unit.${figure}`, { n: decimal(text) });
  const newest = trend.at(-1);
  return el(
    'figure.trend',
    {},
    el(
      'figcaption',
      {},
      el('span', { title: t(`reconcile.trend.${figure}`) }, t(`reconcile.trend.short.${figure}`)),
      el('b', {}, unit(newest[figure])),
    ),
    el(
      'div.bars',
      {
        role: 'img',
        'aria-label': t('reconcile.trend.says', {
          figure: t(`reconcile.trend.${figure}`),
          runs: number(trend.length),
          least: decimal(String(Math.min(...values))),
          most: decimal(String(Math.max(...values))),
          alarms: number(alarmed.filter(Boolean).length),
        }),
      },
      trend.map((run, at) => {
        const bar = el(alarmed[at] ? 'span.pillar.alarm' : 'span.pillar', {
          title: [`${dateTime(run.startedAt)}: ${unit(run[figure])}`, alarmed[at] && alarmWords(alarmed[at])]
            .filter(Boolean)
            .join('\n'),
        });
        bar.style.setProperty('--height', `${heights[at]}%`);
        return bar;
      }),
    ),
  );
}

/** Rate and value beside each other; nothing before the first run has ended. */
export function trendCharts(trend) {
  if (trend.length === 0) return undefined;
  return el('div.trends', {}, chart('rate', trend), chart('value', trend));
}
