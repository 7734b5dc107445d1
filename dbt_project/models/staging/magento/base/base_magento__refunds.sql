{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_id': 'text', 'state': 'text', 'created_at': 'text', 'updated_at': 'text', 'base_currency_code': 'text',
    'base_grand_total': 'text', 'base_subtotal': 'text', 'base_discount_amount': 'text',
    'base_shipping_amount': 'text', 'base_tax_amount': 'text', 'base_adjustment': 'text',
    'base_discount_tax_compensation_amount': 'text',
    'extension_attributes': {
        'base_gift_cards_amount': 'text', 'base_customer_balance_amount': 'text', 'base_reward_currency_amount': 'text',
        'gw_base_price': 'text', 'gw_items_base_price': 'text', 'gw_card_base_price': 'text'
    },
    'items': [{
        'order_item_id': 'text', 'qty': 'text', 'base_row_total': 'text', 'base_discount_amount': 'text',
        'base_discount_tax_compensation_amount': 'text'
    }]
} -%}

{{ latest_records(source('raw_magento', 'refunds'), shape) }}
