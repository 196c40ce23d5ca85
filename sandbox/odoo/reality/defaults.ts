// Seen on a real Odoo 19.0 with the apps of the stand-in: what is in stored fields that nothing in the stand-in sets.
// `field=value` each, and `field` alone for one that is empty (false, 0 or nothing, by its type).

export const defaults: Readonly<Record<string, string>> = {
  'res.partner': `
    autopost_bills=ask trust=normal property_account_payable_id=15 property_account_receivable_id=5
    property_stock_customer=2 property_stock_supplier=1
    barcode color company_name employee function ignore_abnormal_invoice_amount ignore_abnormal_invoice_date
    industry_id invoice_edi_format_store invoice_sending_method invoice_template_pdf_report_id is_pickup_location
    message_bounce partner_latitude partner_longitude picking_warn_msg property_account_position_id
    property_delivery_carrier_id property_inbound_payment_method_line_id property_outbound_payment_method_line_id
    property_payment_term_id property_supplier_payment_term_id sale_warn_msg signup_type
    specific_property_product_pricelist supplier_rank tz user_id website`,
  'product.product': `
    combination_indices= can_image_variant_1024_be_zoomed is_favorite is_in_selected_section_of_order volume`,
  'product.template': `
    expense_policy=no lot_sequence_id=14 property_stock_inventory=11 property_stock_production=12 purchase_ok=true
    active=true sequence=1 service_tracking=no service_type=manual
    can_image_1024_be_zoomed color country_of_origin description_picking description_pickingin
    description_pickingout description_purchase has_configurable_attributes hs_code is_favorite lot_valuated
    property_account_expense_id property_account_income_id property_price_difference_account_id sale_delay
    sale_line_warn_msg volume`,
  'sale.order': `
    prepayment_percent=1 require_signature=true
    access_token campaign_id delivery_message incoterm_location journal_id medium_id pending_email_template_id
    preferred_payment_method_line_id recompute_delivery_price reference require_payment sale_order_template_id
    signed_by signed_on source_id`,
  'stock.move': `
    account_move_id additional delay_alert_date description_picking_manual is_dropship next_serial
    next_serial_count orderpoint_id restrict_partner_id`,
  'stock.quant': 'accounting_date',
  'account.move': `
    access_token auto_post_origin_id auto_post_until campaign_id inalterable_hash incoterm_location
    invoice_cash_rounding_id invoice_incoterm_id invoice_source_email made_sequence_gap medium_id
    message_main_attachment_id origin_payment_id preferred_payment_method_line_id qr_code_method
    quick_edit_total_amount secure_sequence_number source_id statement_line_id tax_cash_basis_origin_move_id
    tax_cash_basis_rec_id taxable_supply_date`,
};
