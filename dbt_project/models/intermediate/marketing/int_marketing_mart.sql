-- marketing_daily, marketing_weekly and marketing_monthly: what selling cost beside what it brought, over all platforms.
{{ config(materialized='view') }}
{%- set of_ads = ['ad_spend', 'ad_impressions', 'ad_clicks', 'platform_claimed_value'] %}
{%- set loaded = dict(dict.fromkeys(of_ads, 'is_ads_loaded'), marketing_cost='is_marketing_loaded') %}

select
    this.store_id,
    this.grain,
    this.period_start,
    this.period_end,
    this.days_in_period,
    cast(this.days_elapsed as integer) as days_elapsed,
    this.is_complete,
    this.data_through_at,
    this.is_orders_loaded,
    this.is_ads_loaded,
    '{{ var("reporting_currency") }}' as currency,
    this.ad_spend,
    this.marketing_cost,
    this.is_affiliate_loaded,
    this.affiliate_commission,
    this.kol_fees is not null as is_kol_fees_loaded,
    this.kol_fees,
    coalesce(payback.is_margin_known, false) as is_margin_loaded,
    cast(payback.payback_days as bigint) as payback_days,
    this.ad_impressions,
    this.ad_clicks,
    this.paid_amount,
    this.net_sales,
    this.net_sales_cohort,
    this.buyers,
    this.new_buyers,
    this.first_order_amount,
    this.platform_claimed_value,
    this.blended_roas,
    this.mer_pct,
    this.cac,
    this.ncac,
    this.new_buyer_roas,
    this.cost_ratio,
    this.overclaim_ratio,
    {{ compared({
        'ad_spend': 'decimal(18, 2)',
        'paid_amount': 'decimal(18, 2)',
        'net_sales': 'decimal(18, 2)',
        'new_buyers': 'bigint',
        'blended_roas': 'double',
        'mer_pct': 'double',
        'ncac': 'double',
        'marketing_cost': 'decimal(18, 2)',
        'kol_fees': 'decimal(18, 2)',
        'ad_impressions': 'bigint',
        'ad_clicks': 'bigint',
        'net_sales_cohort': 'decimal(18, 2)',
        'buyers': 'bigint',
        'first_order_amount': 'decimal(18, 2)',
        'platform_claimed_value': 'decimal(18, 2)',
        'cac': 'double',
        'new_buyer_roas': 'double',
        'cost_ratio': 'double',
        'overclaim_ratio': 'double',
    }, loaded) }},
    {{ compared_with_same_days(['ad_spend', 'marketing_cost', 'paid_amount', 'net_sales', 'new_buyers', 'blended_roas', 'mer_pct'], loaded) }}
from {{ ref('int_store_by_period') }} as this
left join {{ ref('int_payback') }} as payback
    on this.store_id = payback.store_id
    and this.grain = payback.grain
    and this.period_start = payback.period_start
{{ compared_spans('int_store_by_period') }}
{{ same_day_spans() }}
where this.span_days = 0
