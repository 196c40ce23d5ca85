/** Partners' words for our codes: by their likeness, and by what the trade says. */

/** Our code -> what partners say, in small letters without separators. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  paid: [
    'paid',
    'bezahlt',
    'complete',
    'completed',
    'captured',
    'success',
    'succeeded',
    'settled',
    'ja',
    'yes',
    'true',
    'processing',
    'paye',
  ],
  unpaid: [
    'unpaid',
    'pending',
    'open',
    'offen',
    'unbezahlt',
    'notpaid',
    'onhold',
    'awaitingpayment',
    'nein',
    'no',
    'false',
    'expired',
    'new',
    'due',
  ],
  authorised: ['authorized', 'authorised', 'approved', 'reserved', 'autorisiert'],
  partiallyPaid: ['partiallypaid', 'partial', 'partpaid', 'teilbezahlt', 'teilweisebezahlt', 'angezahlt'],
  partiallyRefunded: ['partiallyrefunded', 'teilerstattet'],
  refunded: ['refunded', 'erstattet', 'reimbursed'],
  voided: ['voided', 'void', 'cancelled', 'canceled', 'storniert', 'failed'],
  S: ['standard', 'normal', 's', 'full', 'voll'],
  Z: ['zero', 'zerorated', 'null', 'z'],
  E: ['exempt', 'steuerfrei', 'free', 'e'],
  received: [
    'received',
    'new',
    'neu',
    'eingegangen',
    'open',
    'offen',
    'created',
    'unshipped',
    'processing',
    'pending',
  ],
  sellable: ['sellable', 'good', 'available', 'unrestricted', 'frei', 'verfuegbar', 'ok'],
  damaged: ['damaged', 'defect', 'defective', 'defekt', 'beschaedigt'],
  hold: ['hold', 'blocked', 'gesperrt', 'quarantine', 'quality'],
  expired: ['expired', 'abgelaufen'],
  shipped: ['shipped', 'sent', 'versendet', 'versandt', 'fulfilled', 'success', 'dispatched'],
  delivered: ['delivered', 'zugestellt', 'geliefert'],
  refund: ['refund', 'money', 'erstattung', 'gutschrift'],
};

/** The table for the values that were seen; values that nothing is known for are left out and counted. */
export function enumTable(
  examples: readonly string[],
  codes: readonly unknown[],
): { values: Record<string, string>; unknown: number } {
  const values: Record<string, string> = {};
  let unknown = 0;
  for (const example of examples) {
    const plain = plainWord(example);
    const code = codes.find(
      (candidate) =>
        typeof candidate === 'string' &&
        (plainWord(candidate) === plain ||
          (Object.hasOwn(SYNONYMS, candidate) && SYNONYMS[candidate]?.includes(plain) === true)),
    );
    if (typeof code === 'string') values[example.trim()] = code;
    else unknown += 1;
  }
  return { values, unknown };
}

/** Whether the field's values are (nearly) the words of this code list: a match without a name. */
export function enumOverlap(examples: readonly string[], codes: readonly unknown[]): number {
  if (examples.length === 0) return 0;
  const { unknown } = enumTable(examples, codes);
  return (examples.length - unknown) / examples.length;
}

function plainWord(text: string): string {
  return text
    .toLowerCase()
    .replace(/[äöü]/g, (letter) => ({ ä: 'ae', ö: 'oe', ü: 'ue' })[letter] ?? letter)
    .normalize('NFD')
    .replace(/[^a-z0-9]/g, '');
}
