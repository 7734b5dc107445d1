-- store_daily, store_weekly and store_monthly: each period with the earlier ones it is compared with.
{{ config(materialized='view') }}
{%- set loaded = {'visitors': 'is_traffic_loaded', 'page_views': 'is_traffic_loaded', 'ad_spend': 'is_ads_loaded'} %}

select
    this.store_id,
    this.grain,
    this.period_start,
    this.period_end,
    this.days_in_period,
    cast(this.days_elapsed as integer) as days_elapsed,
    this.is_complete,
    this.data_through_at,
    this.history_from,
    events.event_id,
    cast(this.stores_loaded as bigint) as stores_loaded,
    this.is_orders_loaded,
    this.is_traffic_loaded,
    this.is_ads_loaded,
    '{{ var("reporting_currency") }}' as currency,
    this.store_currency,

    this.orders_created,
    this.orders_unpaid,
    this.orders_created_paid,
    this.pay_rate_created_cohort,
    this.orders_paid,
    this.orders_cancelled_cohort,
    this.orders_fully_refunded_cohort,
    this.orders_partly_refunded_cohort,
    this.guest_orders,
    this.units_paid,
    -- Not read yet: what bundles are made of, what platforms charge.
    false as is_bundles_loaded,
    cast(null as decimal(18, 4)) as component_units_paid,

    this.list_amount,
    this.merchant_discount,
    this.discount_rate,
    this.platform_subsidy,
    this.goods_paid,
    this.shipping_charged,
    this.tax,
    this.paid_amount,
    this.merchant_receivable,
    this.other_charged,
    this.accounting_adjustments,
    this.gift_cards_sold,
    this.is_gift_cards_redeemed_loaded,
    this.gift_cards_redeemed,
    false as is_fees_loaded,
    cast(null as decimal(18, 2)) as fees_platform,
    this.deposit_received,
    this.deposit_forfeited,

    this.refunds,
    this.refund_units,
    this.refund_goods,
    this.refund_shipping,
    this.refund_tax,
    this.refund_amount,
    this.refund_amount_unlinked,
    this.net_sales,
    this.refund_goods_cohort,
    this.refund_amount_cohort,
    this.net_sales_cohort,
    this.fx_difference,
    this.refund_rate_flow,
    this.paid_amount_mature,
    this.refund_amount_cohort_30d,
    this.refund_rate_cohort_30d,

    this.goods_paid_store,
    this.paid_amount_store,
    this.refund_amount_store,
    this.net_sales_store,

    this.buyers,
    this.new_buyers,
    this.returning_buyers,
    this.repeat_in_period_buyers,
    this.new_buyers_kept,
    this.returning_buyers_365d,
    this.first_orders,
    this.first_order_amount,
    this.new_buyer_amount,
    this.aov,
    this.spend_per_buyer,
    this.avg_unit_price,
    this.units_per_order,

    this.visitors,
    this.visitor_days,
    this.visitors_at_least,
    this.page_views,
    this.sessions,
    this.pay_conversion,
    this.uv_value,

    this.ad_spend,
    this.mer_pct,
    this.blended_roas,

    {{ compared({
        'orders_created': 'bigint',
        'orders_paid': 'bigint',
        'units_paid': 'decimal(18, 4)',
        'goods_paid': 'decimal(18, 2)',
        'paid_amount': 'decimal(18, 2)',
        'refund_amount': 'decimal(18, 2)',
        'net_sales': 'decimal(18, 2)',
        'net_sales_cohort': 'decimal(18, 2)',
        'discount_rate': 'double',
        'refund_rate_flow': 'double',
        'buyers': 'bigint',
        'new_buyers': 'bigint',
        'returning_buyers': 'bigint',
        'spend_per_buyer': 'double',
        'aov': 'double',
        'avg_unit_price': 'double',
        'units_per_order': 'double',
        'visitors': 'bigint',
        'page_views': 'bigint',
        'pay_conversion': 'double',
        'uv_value': 'double',
        'ad_spend': 'decimal(18, 2)',
        'blended_roas': 'double',
        'mer_pct': 'double',
        'list_amount': 'decimal(18, 2)',
        'merchant_discount': 'decimal(18, 2)',
        'platform_subsidy': 'decimal(18, 2)',
        'shipping_charged': 'decimal(18, 2)',
        'tax': 'decimal(18, 2)',
        'merchant_receivable': 'decimal(18, 2)',
        'other_charged': 'decimal(18, 2)',
        'accounting_adjustments': 'decimal(18, 2)',
        'gift_cards_sold': 'decimal(18, 2)',
        'gift_cards_redeemed': 'decimal(18, 2)',
        'deposit_received': 'decimal(18, 2)',
        'deposit_forfeited': 'decimal(18, 2)',
        'refund_goods': 'decimal(18, 2)',
        'refund_shipping': 'decimal(18, 2)',
        'refund_tax': 'decimal(18, 2)',
        'refund_amount_unlinked': 'decimal(18, 2)',
        'refund_goods_cohort': 'decimal(18, 2)',
        'refund_amount_cohort': 'decimal(18, 2)',
        'first_order_amount': 'decimal(18, 2)',
        'new_buyer_amount': 'decimal(18, 2)',
    }, loaded) }},
    {%- for compare in ['same_date', 'same_event'] %}
    {%- set suffix = compare.replace('same', 'yoy') %}
    {%- set last = loop.last %}
    {%- for name in ['orders_paid', 'paid_amount', 'refund_amount', 'net_sales', 'buyers', 'visitors'] %}
    {%- set before = of_loaded(compare, name, loaded) %}
    {{ before }} as {{ name }}_{{ suffix }},
    {{ change(of_loaded('own', name, loaded), before) }} as {{ name }}_{{ suffix }}_chg
    {{- "," if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('int_store_by_period') }} as this
{{ compared_spans('int_store_by_period') }}
left join {{ ref('int_store_by_period') }} as same_date
    on this.store_id = same_date.store_id
    and this.grain = same_date.grain
    and this.yoy_date_period_start = same_date.period_start
    and same_date.span_days = 0
left join {{ ref('int_event_days') }} as events
    on {{ only_where("this.grain = 'day'", 'this.period_start') }} = events.date_day
left join {{ ref('int_store_by_period') }} as same_event
    on this.store_id = same_event.store_id
    and this.grain = same_event.grain
    and {{ only_where('this.is_complete', 'events.compare_date') }} = same_event.period_start
    and same_event.span_days = 0
    and same_event.is_complete
where this.span_days = 0
