/** Stock in words: how a channel is doing, what of an item is held back, how its quantity comes about. */
import { ago, counted, duration, number, quantity, shortTime, t } from './text.mjs';

/** What stands in a channel's way most: `[state, tone, glyph]`; `state` names the text. */
export function channelState({ connection, refused, reduced, zeroed, sites }) {
  if (connection === null) return ['none', 'calm', 'circle-o'];
  if (connection.status !== 'connected') return [connection.status, 'error', 'times-circle'];
  const troubled = refused > 0 || reduced + zeroed > 0 || sites?.some(({ silent }) => silent);
  return troubled
    ? ['connected', 'warning', 'exclamation-triangle']
    : ['connected', 'success', 'check-circle'];
}

export function stateWords([state], { connection }) {
  return t(`stock.state.${state}`, { at: shortTime(connection?.since) });
}

/** "1,234 wait since 02:13, 12 of them first. Clear in about 3 min." */
export function waitingWords({ waiting, first, since, clearsInMs, connection }) {
  const words = [counted('stock.wait', waiting, { at: shortTime(since) })];
  if (first > 0) words.push(counted('stock.waitFirst', first));
  if (clearsInMs !== null) {
    const text = connection?.status === 'connected' ? 'stock.clearsIn' : 'stock.clearsAfter';
    words.push(t(text, { time: duration(clearsInMs / 1000) }));
  }
  return words.join(' ');
}

export function siteWords({ site, publishAs, heardAt, silent }) {
  const name = publishAs === null || publishAs === site ? site : `${site} → ${publishAs}`;
  if (publishAs === null) return t('stock.site.unused', { site: name });
  return t(silent ? 'stock.site.silent' : 'stock.site.heard', {
    site: name,
    ago: ago(heardAt),
    at: shortTime(heardAt),
  });
}

const heldOrder = ['condition', 'expiry', 'age', 'buffer', 'reserve', 'share', 'cap', 'minimum'];

/** What does not reach the channel, as `[reason, quantity]` in the order of the calculation. */
export function heldOf({ held, excluded }) {
  const all = { ...excluded, ...held };
  return heldOrder.filter((reason) => all[reason] !== undefined).map((reason) => [reason, all[reason]]);
}

/** "−7 safety buffer". */
export function heldWords([reason, taken]) {
  return `−${quantity(taken)} ${t(`stock.held.${reason}`)}`;
}

/** What an item needs most: `[state, tone, glyph]`. */
export function itemState(item) {
  if (item.refused !== null) return ['refused', 'error', 'times-circle'];
  if (item.waiting?.first) return ['first', 'warning', 'bolt'];
  if (item.waiting !== null) return ['waiting', 'calm', 'clock-o'];
  if (item.held.age !== undefined) return ['silent', 'warning', 'bell-slash-o'];
  if (item.quantity === '0') return ['soldOut', 'calm', 'ban'];
  return ['told', 'success', 'check'];
}

/** "told 5 at 02:13 · #12", or what keeps it. */
export function toldWords({ told, waiting, refused }) {
  if (refused !== null) return t('stock.refused', { why: refused });
  if (waiting !== null) {
    return t(waiting.first ? 'stock.waitsFirst' : 'stock.waits', { at: shortTime(waiting.since) });
  }
  return t('stock.toldAt', { at: shortTime(told?.at) });
}

const setting = {
  age: ({ setting: percent }) => ({ percent: quantity(percent) }),
  share: ({ setting: percent }) => ({ percent: quantity(percent) }),
  cap: ({ setting: most }) => ({ n: quantity(most) }),
  minimum: ({ setting: least }) => ({ n: quantity(least) }),
  buffer: ({ setting: n }) => ({ n: quantity(n) }),
  reserve: ({ setting: n }) => ({ n: quantity(n) }),
};

/**
 * A calculation as lines of a bill: `{ words, taken, rest, tone? }`, the numbers written out; `taken` and `rest` may be
 * missing.
 */
export function billOf({ steps }) {
  return steps.flatMap((step) => {
    const rest = step.rest === undefined ? undefined : quantity(step.rest);
    const taken = step.taken === undefined ? undefined : `−${quantity(step.taken)}`;
    if (step.step === 'available') {
      const sites = step.sites.map(({ site, available, silentSince }) => ({
        words: silentSince === null ? t('stock.step.site', { site }) : siteSilent(site, silentSince),
        rest: quantity(available),
      }));
      if (sites.length === 1) return sites;
      return [...sites, { words: t(`stock.step.${sites.length === 0 ? 'nothing' : 'sum'}`), rest }];
    }
    if (step.step === 'parts') {
      const parts = step.parts.map((part) => ({
        words: partWords(part),
        rest: quantity(part.sets),
        scarce: part.scarce,
      }));
      return [...parts, { words: t('stock.step.parts'), rest }];
    }
    if (step.step === 'condition') return [{ words: t('stock.step.condition', { n: quantity(step.taken) }) }];
    if (step.step === 'expiry') {
      return [{ words: t('stock.step.expiry', { n: quantity(step.taken), days: number(step.days) }) }];
    }
    if (step.step === 'unit') {
      return [{ words: t('stock.step.unit', { n: quantity(step.perUnit), unit: step.unit }), rest }];
    }
    return [{ words: t(`stock.step.${step.step}`, setting[step.step](step)), taken, rest }];
  });
}

function siteSilent(site, since) {
  return t('stock.step.siteSilent', { site, at: shortTime(since) });
}

function partWords(part) {
  const held = heldOf(part).map(heldWords);
  return t('stock.step.part', {
    sku: part.sku,
    n: quantity(part.quantity),
    available: [quantity(part.available), ...held].join(' '),
  });
}

/** Why channels are told different quantities of one item, in one sentence. */
export function differenceWords(levels) {
  const quantities = levels.map((level) => Number(level.quantity));
  const [least, most] = [Math.min(...quantities), Math.max(...quantities)];
  if (levels.length === 1) return undefined;
  const values = { n: quantity(String(least)), most: quantity(String(most)) };
  return t(least === most ? 'stock.same' : 'stock.different', values);
}
