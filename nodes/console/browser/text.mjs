/** Every text of the console, in the editor's language; numbers and times as that language writes them. */

const catalogue = 'node-red-contrib-crossdock/crossdock-console:crossdock-console.';

export function t(key, values) {
  return RED._(catalogue + key, values);
}

/** Whether the catalogue has the text: for words that come from the server and may be newer than the catalogue. */
export function tOr(key, fallback, values) {
  const found = t(key, values);
  return found.endsWith(key) ? fallback : found;
}

/** "1 letter", "10,000 letters". */
export function counted(key, n, values) {
  return t(`${key}.${n === 1 ? 'one' : 'other'}`, { ...values, n: number(n) });
}

function language() {
  return RED.i18n.lang();
}

const formats = new Map();

/** Formats are costly to make, and a list needs them for every row that comes into sight. */
function format(Kind, options) {
  const key = `${language()} ${Kind.name} ${JSON.stringify(options)}`;
  let known = formats.get(key);
  if (known === undefined) {
    known = new Kind(language(), options);
    formats.set(key, known);
  }
  return known;
}

export function number(n) {
  return format(Intl.NumberFormat).format(n);
}

/** A decimal text, exact however long it is. */
export function quantity(text) {
  return format(Intl.NumberFormat, { maximumFractionDigits: 10 }).format(text);
}

/** Milliseconds, or text in ISO form, as milliseconds; undefined when it is no time. */
function millis(at) {
  const value = typeof at === 'string' ? Date.parse(at) : at;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The whole time: for tooltips and details. */
export function dateTime(at) {
  const value = millis(at);
  if (value === undefined) return '–';
  return format(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium' }).format(value);
}

/** The day alone: for what ends. */
export function day(at) {
  const value = millis(at);
  if (value === undefined) return '–';
  return format(Intl.DateTimeFormat, { dateStyle: 'medium' }).format(value);
}

/** Day and minute: for lists. */
export function shortTime(at) {
  const value = millis(at);
  if (value === undefined) return '–';
  const today = new Date().toDateString() === new Date(value).toDateString();
  const day = today ? {} : { day: 'numeric', month: 'short' };
  return format(Intl.DateTimeFormat, { ...day, hour: '2-digit', minute: '2-digit' }).format(value);
}

const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "3 min ago". */
export function ago(at) {
  const value = millis(at);
  if (value === undefined) return '–';
  const passed = Date.now() - value;
  for (const [unit, ms] of steps) {
    if (passed >= ms) {
      const relative = format(Intl.RelativeTimeFormat, { numeric: 'always', style: 'short' });
      return relative.format(-Math.floor(passed / ms), unit);
    }
  }
  return t('time.justNow');
}

/** "about 17 min": how long `seconds` are for a person who waits. */
export function duration(seconds) {
  if (seconds < 90) return t('time.seconds', { n: number(Math.max(1, Math.round(seconds))) });
  if (seconds < 5400) return t('time.minutes', { n: number(Math.round(seconds / 60)) });
  return t('time.hours', { n: number(Math.round(seconds / 360) / 10) });
}
