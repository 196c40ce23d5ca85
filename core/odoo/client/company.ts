/** Which company of a database calls are made for: `allowed_company_ids` in the context of each. */
import { CrossdockError } from '../../errors/index';
import { Remembered } from './cache';
import type { CallOptions } from './types';

const KNOWN_MS = 10 * 60_000;

interface Company {
  readonly id: number;
  readonly name: string;
}

/** A call that knows nothing of companies. */
type PlainCall = (model: string, method: string, options: CallOptions) => Promise<unknown>;

export class Companies {
  private readonly mine: Remembered<readonly Company[]>;

  /** @param usual name or id of the company of every call that names none; empty for the user's own default */
  constructor(
    private readonly usual: string,
    private readonly call: PlainCall,
  ) {
    this.mine = new Remembered(() => this.fetch(), KNOWN_MS);
  }

  /**
   * The options with the company in their context. A context that says `allowed_company_ids` itself is left as it is.
   *
   * Rejects with ODOO_COMPANY_UNKNOWN (transient: the configuration is at fault, not the message) when the user has no
   * such company: a call for the wrong company must not happen.
   */
  async into(options: CallOptions): Promise<CallOptions> {
    const wanted = options.company === undefined ? this.usual : String(options.company).trim();
    if (wanted === '' || options.context?.['allowed_company_ids'] !== undefined) return options;
    const company = find(wanted, await this.mine.get());
    return { ...options, context: { ...options.context, allowed_company_ids: [company.id] } };
  }

  forget(): void {
    this.mine.forget();
  }

  private async fetch(): Promise<readonly Company[]> {
    const { uid } = (await this.call('res.users', 'context_get', {})) as { uid: number };
    const [user] = (await this.call('res.users', 'read', {
      ids: [uid],
      args: { fields: ['company_ids'] },
    })) as readonly { company_ids: readonly number[] }[];
    return (await this.call('res.company', 'search_read', {
      args: { domain: [['id', 'in', user?.company_ids ?? []]], fields: ['id', 'name'], order: 'id' },
    })) as readonly Company[];
  }
}

function find(wanted: string, companies: readonly Company[]): Company {
  const same = (one: string): boolean => one.trim().toLowerCase() === wanted.toLowerCase();
  const exact = companies.filter(({ name }) => name.trim() === wanted);
  const named = exact.length > 0 ? exact : companies.filter(({ name }) => same(name));
  const found = named.length > 0 ? named : companies.filter(({ id }) => String(id) === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const which = companies
    .slice(0, 5)
    .map(({ id, name }) => `${name} (${id})`)
    .join(', ');
  const sentence =
    found.length > 1
      ? `The API key's user has ${found.length} companies named "${wanted}": give the company's id (${found.map(({ id }) => id).join(', ')}).`
      : `The API key's user has no company "${wanted}". It has: ${which || 'none'}.`;
  throw new CrossdockError(sentence, {
    code: 'ODOO_COMPANY_UNKNOWN',
    kind: 'transient',
    facts: { company: wanted },
  });
}
