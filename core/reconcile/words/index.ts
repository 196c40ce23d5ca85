/** Sentences about differences, from their codes and facts, in the reader's language. */
import type { Side } from '../engine/job';
import { SIDES } from '../engine/job';
import type { Difference, Evidence, RunSummary } from '../types';
import { DE } from './de';
import { EN } from './en';
import type { Texts } from './texts';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];
const TEXTS: Readonly<Record<Language, Texts>> = { en: EN, de: DE };

export class Words {
  readonly texts: Texts;
  readonly #labels: readonly string[];
  readonly #keyLabel: string;
  readonly #language: Language;

  /** @param run names of the sources, and what a key is called */
  constructor(language: Language, run: Pick<RunSummary, 'labels' | 'keyLabel'>) {
    this.texts = TEXTS[language];
    this.#language = language;
    this.#labels = run.labels;
    this.#keyLabel = run.keyLabel;
  }

  label(side: Side): string {
    return this.#labels[SIDES.indexOf(side)] ?? side;
  }

  /** What differs: `SKU CD-TAPE-48: Odoo says 12, Warehouse says 10 (2 fewer).` */
  sentence(difference: Difference): string {
    const { sentences } = this.texts;
    const plain = this.#plain(difference);
    const why = this.cause(difference);
    if (difference.kind === 'pending') return fill(sentences.pending, { sentence: plain, why });
    if (difference.kind === 'late' && difference.insteadOf !== null)
      return fill(sentences.late, { sentence: plain, why });
    return plain;
  }

  cause({ cause, side }: Pick<Difference, 'cause' | 'side'>): string {
    return fill(this.texts.causes[cause] ?? cause, { first: this.label('first'), side: this.label(side) });
  }

  kind({ kind }: Difference): string {
    return this.texts.kinds[kind];
  }

  evidence(difference: Difference): string[] {
    return difference.evidence.map((each) => this.#evidence(each));
  }

  /** What the proposed correction would do; undefined where there is none. */
  proposal({ correction: { proposal } }: Difference): string | undefined {
    if (proposal === null) return undefined;
    const text =
      this.texts.proposals[proposal.type as keyof Texts['proposals']] ?? this.texts.proposals.correction;
    const quantity = (proposal.message as { quantity?: unknown } | null)?.quantity;
    return fill(text, { side: this.label(proposal.side), quantity: String(quantity ?? '') });
  }

  /** A moment in UTC, as both languages write it. */
  time(ms: number): string {
    const iso = new Date(ms).toISOString();
    const [date = '', clock = ''] = iso.slice(0, 16).split('T');
    return this.#language === 'de'
      ? `${date.split('-').reverse().join('.')} ${clock} UTC`
      : `${date} ${clock} UTC`;
  }

  #plain(difference: Difference): string {
    const { sentences } = this.texts;
    const { key, field, side, expected, found } = difference;
    const kind = difference.insteadOf ?? difference.kind;
    const about = fill(field === '' ? sentences.about : sentences.aboutField, {
      keyLabel: this.#keyLabel,
      key,
      field,
    });
    const facts = { about, first: this.label('first'), side: this.label(side) };
    switch (kind) {
      case 'missing':
      case 'extra': {
        const [here, there] = kind === 'missing' ? [facts.first, facts.side] : [facts.side, facts.first];
        const value = expected ?? found;
        return fill(value === null ? sentences.missingHas : sentences.missing, {
          about,
          here,
          there,
          values: value ?? '',
        });
      }
      case 'duplicate':
        return fill(sentences.duplicate, { ...facts, times: found ?? '' });
      case 'invalid': {
        const why = this.cause(difference);
        const row = difference.evidence.find((each) => each.type === 'row' && each.side === side);
        if (key === '' || field === '')
          return fill(sentences.noKey, { ...facts, row: row?.type === 'row' ? String(row.row) : '?', why });
        const value = side === 'first' ? expected : found;
        return fill(sentences.invalid, {
          ...facts,
          found: value === null || value === '' ? sentences.nothing : `"${value}"`,
          why,
        });
      }
      default:
        return fill(sentences.differs, {
          ...facts,
          expected: expected ?? sentences.nothing,
          found: found ?? sentences.nothing,
          delta: this.#delta(difference),
        });
    }
  }

  #delta({ delta, kind, insteadOf }: Difference): string {
    if (delta === null) return '';
    const { sentences } = this.texts;
    const less = delta.startsWith('-');
    const size = less ? delta.slice(1) : delta;
    const time = (insteadOf ?? kind) === 'late';
    return fill(
      less ? (time ? sentences.earlier : sentences.fewer) : time ? sentences.later : sentences.more,
      { size },
    );
  }

  #evidence(each: Evidence): string {
    const { evidence, places, sentences } = this.texts;
    switch (each.type) {
      case 'row':
        return fill(each.at === null ? evidence.row : evidence.rowAt, {
          side: this.label(each.side),
          row: String(each.row),
          at: each.at === null ? '' : this.time(each.at),
        });
      case 'values':
        return fill(evidence.values, {
          side: this.label(each.side),
          values: each.values.map((value) => value ?? sentences.nothing).join(sentences.and),
        });
      case 'absent':
        return fill(evidence.absent, { side: this.label(each.side) });
      case 'times':
        return fill(each.same ? evidence.timesSame : evidence.times, {
          side: this.label(each.side),
          times: String(each.times),
        });
      case 'flight': {
        const text =
          each.place === 'deadLetter'
            ? evidence.deadLetter
            : each.place === 'refused'
              ? evidence.refused
              : evidence.flight;
        const { id, name, detail } = each;
        return fill(text, { id, name, detail, place: places[each.place], at: this.time(each.since) });
      }
      case 'earlier':
        return fill(evidence.earlier, { at: this.time(each.since), runs: String(each.runs) });
      default:
        return evidence.incomplete;
    }
  }
}

/** Facts may contain anything, also `{...}`: they are put in once. */
export function fill(text: string, facts: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => facts[name] ?? whole);
}
