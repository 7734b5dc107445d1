-- Additive columns: the days, the weeks and the months of a store come to one total. The daily table has them all; a difference
-- is a day counted in no period, in two, or on another clock.
{%- set added = ['orders_created', 'orders_paid', 'units_paid', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount',
    'merchant_discount', 'platform_subsidy', 'refund_amount', 'net_sales', 'net_sales_cohort', 'refund_amount_cohort',
    'fx_difference', 'first_orders', 'first_order_amount', 'visitor_days', 'page_views', 'sessions', 'ad_spend', 'paid_amount_store'] %}

with

totals as (
    {%- for grain in ['daily', 'weekly', 'monthly'] %}
    select
        '{{ grain }}' as grain,
        store_id,
        {%- for name in added %}
        coalesce(sum({{ name }}), 0) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('store_' ~ grain) }}
    group by store_id
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select other.*
from totals as other
inner join totals as daily on other.store_id = daily.store_id and daily.grain = 'daily'
where other.grain <> 'daily'
    and (
        {%- for name in added %}
        other.{{ name }} <> daily.{{ name }}{{ " or" if not loop.last }}
        {%- endfor %}
    )
    -- A missing rate makes a whole week of its store null where the daily table misses one day; the rates have their own test.
    and other.store_id not in (
        select store_id
        from {{ ref('store_daily') }}
        where (is_ads_loaded and ad_spend is null)
            or (
                orders_paid is not null
                and (
                    paid_amount + refund_amount + fx_difference + net_sales_cohort is null
                    or (paid_amount_store is null and store_id <> 'ALL')
                )
            )
    )
