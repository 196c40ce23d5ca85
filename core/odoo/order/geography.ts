/** Countries and their states, by ISO codes. */
import { CrossdockError } from '../../errors/index';
import { LruCache, Remembered } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

const TTL_MS = 60 * 60_000;

export class Geography {
  /** ISO alpha-2 -> id of res.country. */
  private readonly countries: Remembered<ReadonlyMap<string, number>>;
  private readonly states = new LruCache<number | 'none'>(2_000, TTL_MS);

  constructor(private readonly client: OdooClient) {
    this.countries = new Remembered(() => this.fetchCountries(), TTL_MS);
  }

  /** Undefined for an empty code. @throws CrossdockError COUNTRY_UNKNOWN (business) */
  async country(code: string): Promise<number | undefined> {
    if (code === '') return undefined;
    const id = (await this.countries.get()).get(code);
    if (id !== undefined) return id;
    throw new CrossdockError(`Odoo has no country with the code "${code}".`, {
      code: 'COUNTRY_UNKNOWN',
      kind: 'business',
      facts: { country: code },
    });
  }

  /** The code of a country; '' for none. */
  async codeOf(country: number | undefined): Promise<string> {
    if (country === undefined) return '';
    for (const [code, id] of await this.countries.get()) if (id === country) return code;
    return '';
  }

  async state(country: number | undefined, region: string | undefined): Promise<number | undefined> {
    if (country === undefined || region === undefined || region === '') return undefined;
    const cacheKey = `${country}:${region}`;
    const cached = this.states.get(cacheKey);
    if (cached !== undefined) return cached === 'none' ? undefined : cached;
    const rows = await this.search<{ id: number }>('res.country.state', {
      domain: [
        ['country_id', '=', country],
        ['code', '=', region],
      ],
      fields: ['id'],
      limit: 1,
    });
    this.states.set(cacheKey, rows[0]?.id ?? 'none');
    return rows[0]?.id;
  }

  private async fetchCountries(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.search<{ id: number; code: string | false }>('res.country', {
      domain: [],
      fields: ['id', 'code'],
    });
    return new Map(rows.flatMap((row) => (row.code ? [[row.code, row.id] as const] : [])));
  }

  private search<T>(model: string, args: Record<string, unknown>): Promise<readonly T[]> {
    return withRetry(CALL_RETRY, () => this.client.call<readonly T[]>(model, 'search_read', { args }));
  }
}
