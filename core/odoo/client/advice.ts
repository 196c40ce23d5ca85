/** Which group of Odoo gives a right, as the user's form calls it. Read from a real 19; older names where they differ. */
import type { AccessNeed } from './capabilities';

interface Rule {
  /** Of `model operation`. */
  readonly needs: RegExp;
  readonly group: string;
  /** Up to 18. */
  readonly before19?: string;
}

const RULES: readonly Rule[] = [
  { needs: /^sale\.order unlink$/, group: 'Sales / Administrator' },
  { needs: /^(sale|crm)\..* /, group: 'Sales / User: All Documents' },
  {
    needs: /^res\.partner(\.\w+)* (create|write|unlink)$/,
    group: 'Contact / Creation',
    before19: 'Extra Rights / Contact Creation',
  },
  {
    needs: /^(product|uom)\..* (create|write|unlink)$/,
    group: 'Products / Create',
    before19: 'Sales / Administrator',
  },
  {
    needs:
      /^stock\.(warehouse|location|route|rule|picking\.type|inventory\.conflict)(\.\w+)* (create|write|unlink)$/,
    group: 'Inventory / Administrator',
  },
  { needs: /^stock\.warehouse read$/, group: 'Role / User', before19: 'User types / Internal User' },
  { needs: /^(stock|procurement|choose)\..* /, group: 'Inventory / User' },
  { needs: /^delivery\..* (create|write|unlink)$/, group: 'Inventory / Administrator' },
  { needs: /^delivery\..* read$/, group: 'Inventory / User' },
  {
    needs: /^account\.(tax|journal|account|payment\.term|fiscal\.position)(\.\w+)* (create|write|unlink)$/,
    group: 'Accounting / Administrator',
    before19: 'Invoicing / Administrator',
  },
  { needs: /^account\..* /, group: 'Accounting / Invoicing', before19: 'Invoicing / Billing' },
  { needs: /^\S+ read$/, group: 'Role / User', before19: 'User types / Internal User' },
];

/** Undefined when nobody but an administrator should have it, or nothing is known of it. */
export function groupFor({ model, operation }: AccessNeed, major: number): string | undefined {
  const rule = RULES.find(({ needs }) => needs.test(`${model} ${operation}`));
  if (rule === undefined) return undefined;
  return major >= 19 ? rule.group : (rule.before19 ?? rule.group);
}
