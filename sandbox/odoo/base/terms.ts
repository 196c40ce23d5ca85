// Incoterms and payment terms of a fresh Odoo 19.0 with sale_management, with their ids.

/** id|code|name */
export const incoterms = `
1|EXW|EX WORKS
2|FCA|FREE CARRIER
3|FAS|FREE ALONGSIDE SHIP
4|FOB|FREE ON BOARD
5|CFR|COST AND FREIGHT
6|CIF|COST, INSURANCE AND FREIGHT
7|CPT|CARRIAGE PAID TO
8|CIP|CARRIAGE AND INSURANCE PAID TO
9|DPU|DELIVERED AT PLACE UNLOADED
10|DAP|DELIVERED AT PLACE
11|DDP|DELIVERED DUTY PAID`;

/** id|name */
export const paymentTerms = `
1|Immediate Payment
2|15 Days
3|21 Days
4|30 Days
5|45 Days
6|End of Following Month
7|10 Days after End of Next Month
8|30% Now, Balance 60 Days`;
