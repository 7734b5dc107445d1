{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'state': 'text', 'status': 'text', 'store_id': 'text', 'created_at': 'text', 'updated_at': 'text',
    'buyer_key': 'text', 'base_currency_code': 'text', 'base_grand_total': 'text', 'base_total_paid': 'text',
    'base_total_due': 'text',
    'base_shipping_amount': 'text', 'base_shipping_discount_amount': 'text',
    'base_shipping_discount_tax_compensation_amnt': 'text', 'base_tax_amount': 'text',
    'base_total_canceled': 'text', 'base_shipping_canceled': 'text', 'base_tax_canceled': 'text',
    'payment': {'method': 'text'},
    'extension_attributes': {
        'shipping_assignments': [{'shipping': {'address': {'country_id': 'text', 'region_code': 'text'}}}],
        'base_gift_cards_amount': 'text', 'base_customer_balance_amount': 'text', 'base_reward_currency_amount': 'text',
        'base_gift_cards_invoiced': 'text', 'base_customer_balance_invoiced': 'text',
        'gw_base_price': 'text', 'gw_items_base_price': 'text', 'gw_card_base_price': 'text'
    },
    'items': [{
        'item_id': 'text', 'parent_item_id': 'text', 'product_id': 'text', 'product_type': 'text', 'sku': 'text',
        'name': 'text', 'qty_ordered': 'text', 'qty_canceled': 'text', 'qty_shipped': 'text', 'base_row_total': 'text',
        'base_discount_amount': 'text', 'base_discount_tax_compensation_amount': 'text', 'base_tax_amount': 'text',
        'base_weee_tax_applied_row_amnt': 'text'
    }]
} -%}

{{ latest_records(source('raw_magento', 'orders'), shape) }}
