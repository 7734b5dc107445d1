-- region_*, buyer_type_* and payment_type_*: each period with the earlier ones it is compared with. In an earlier period whose orders
-- were loaded, a value without a row sold nothing.
{{ config(materialized='view') }}
{%- set old_enough = 'this.paid_amount - coalesce(young.paid_amount, 0)' %}
{%- set back = 'this.refund_amount_within_30d - coalesce(young.refund_amount_within_30d, 0)' %}
{%- set mature = {
    'paid_amount_mature': mart_money(old_enough, 'true'), 'refund_amount_cohort_30d': mart_money(back, 'true'),
    'refund_rate_cohort_30d': ratio(back, old_enough),
    'gift_cards_redeemed': 'case when stores.is_gift_cards_redeemed_loaded then this.gift_cards_redeemed end',
} %}
{%- set measures = {'orders_paid': 'bigint', 'buyers': 'bigint', 'paid_amount': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}

select
    this.trait,
    this.store_id,
    this.trait_value,
    {{ period_columns() }},
    stores.is_gift_cards_redeemed_loaded,
    {%- for name in attribute_measures() %}
    {{ mature.get(name, 'this.' ~ name) }} as {{ name }},
    {%- endfor %}
    {{ compared(measures, nothing_where='is_orders_loaded') }}
from {{ ref('int_attribute_by_period') }} as this
{{ joined_to_its_span() }}
left join {{ ref('int_attribute_young') }} as young
    on this.trait = young.trait
    and this.store_id = young.store_id
    and this.trait_value = young.trait_value
    and this.grain = young.grain
    and this.period_start = young.period_start
inner join {{ ref('int_store_by_period') }} as stores
    on this.store_id = stores.store_id
    and this.grain = stores.grain
    and this.period_start = stores.period_start
    and stores.span_days = 0
{{ joined_to_compared_spans() }}
{{ compared_spans('int_attribute_by_period', ['trait', 'store_id', 'trait_value'], 'spans') }}
where this.span_days = 0
