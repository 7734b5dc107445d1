-- The one SELECT behind store_daily, store_weekly and store_monthly (and marketing_*): every measure of every span of every
-- store, and of ALL. What adds up is added up over the span's days; distinct counts come from the span itself;
-- ratios are made of the sums. One row per store, grain, period_start and span.
{%- set added = ['orders_created', 'orders_unpaid', 'orders_created_paid', 'units', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount',
    'list_amount', 'merchant_discount', 'platform_subsidy', 'other_charged', 'gift_cards_sold', 'gift_cards_redeemed', 'accounting_adjustments',
    'goods_paid_store', 'paid_amount_store', 'refund_goods_cohort', 'refund_amount_cohort', 'orders_paid',
    'guest_orders', 'orders_cancelled_cohort', 'orders_fully_refunded_cohort', 'orders_partly_refunded_cohort',
    'first_orders', 'first_order_amount', 'unrated_sales', 'unrated_sales_store', 'unrated_cohort', 'refunds', 'refund_units', 'refund_goods',
    'refund_shipping', 'refund_tax', 'refund_amount', 'refund_other', 'refund_amount_unlinked', 'fx_difference', 'refund_goods_store',
    'refund_amount_store', 'unrated_refunds', 'unrated_refunds_store', 'unrated_fx', 'deposit_received', 'deposit_forfeited', 'untold_received', 'untold_forfeited', 'visitor_days', 'page_views',
    'sessions', 'untold_visitors', 'untold_page_views', 'untold_sessions', 'ad_spend', 'ad_clicks', 'ad_impressions', 'platform_claimed_value', 'untold_clicks', 'untold_impressions', 'untold_claims', 'unrated_ads', 'kol_fees', 'told_fees', 'paid_amount_mature',
    'refund_amount_cohort_30d', 'unrated_cohort_30d'] %}

with

added as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        max(store_days.visitors_at_least) as visitors_at_least,
        count(*) as days,
        min(days.date_day) as first_day,
        {%- for name in ['is_settled', 'is_affiliate_told', 'affiliate_commission', 'fees_platform', 'fees_platform_store',
            'unrated_settlements', 'unrated_settlements_store', 'unrated_affiliates'] %}
        coalesce(sum(settlements.{{ name }}), 0) as {{ name }},
        {%- endfor %}
        {%- for name in added %}
        coalesce(sum(store_days.{{ name }}), 0) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_span_days') }} as days
    left join {{ ref('int_store_days') }} as store_days
        on days.store_id = store_days.store_id
        and days.date_day = store_days.date_day
    left join {{ ref('int_settlement_days') }} as settlements
        on days.store_id = settlements.store_id
        and days.date_day = settlements.date_day
    group by days.store_id, days.grain, days.period_start, days.span_days

),

figures as (

    select store_id, account_id, grain, period_start, visitors, new_visitors
    from {{ ref('int_traffic') }}
    where is_total and device = 'all'

    union all

    select 'ALL' as store_id, account_id, grain, period_start, visitors, new_visitors
    from {{ ref('int_traffic') }}
    where is_total and device = 'all'

),

-- Sites with visitors in the period: not every one of them tells of weeks and months.
sites as (

    {{ sites_of_periods('figures', ['store_id']) }}

),

-- A site may be read further than its store, or than all stores together: its week so far then has a day that theirs has not.
read_further as (

    select distinct
        spans.store_id,
        spans.grain,
        spans.period_start
    from {{ ref('int_spans') }} as spans
    inner join figures
        on spans.store_id = figures.store_id
        and figures.period_start between spans.period_start and spans.period_end
    left join {{ ref('int_span_days') }} as days
        on spans.store_id = days.store_id and spans.grain = days.grain
        and spans.period_start = days.period_start and spans.span_days = days.span_days
        and figures.period_start = days.date_day
    where figures.grain = 'day' and spans.span_days = 0 and days.date_day is null

),

-- The platform's own count of the period's visitors. For several sites, or several stores, nobody has one.
visitors as (

    select
        figures.store_id,
        figures.grain,
        figures.period_start,
        max(figures.visitors) as visitors,
        max(figures.new_visitors) as new_visitors
    from figures
    inner join sites
        on figures.store_id = sites.store_id and figures.grain = sites.grain
        and figures.period_start = sites.period_start and sites.sites <= 1
    left join read_further
        on figures.store_id = read_further.store_id and figures.grain = read_further.grain
        and figures.period_start = read_further.period_start
    where read_further.store_id is null
    group by figures.store_id, figures.grain, figures.period_start

),

visited as (

    select
        spans.store_id,
        spans.grain,
        spans.period_start,
        spans.span_days
        {%- for name in ['visitors', 'new_visitors'] %},
        case
            when not spans.has_traffic then null
            when added.visitor_days = 0 and added.untold_visitors = 0 and spans.is_traffic_loaded then 0
            when spans.span_days = 0 then visitors.{{ name }}
        end as {{ name }}
        {%- endfor %}
    from {{ ref('int_spans') }} as spans
    inner join added
        on spans.store_id = added.store_id and spans.grain = added.grain
        and spans.period_start = added.period_start and spans.span_days = added.span_days
    left join visitors
        on spans.store_id = visitors.store_id and spans.grain = visitors.grain
        and spans.period_start = visitors.period_start

),

measures as (

    select
        spans.store_id,
        spans.grain,
        spans.period_start,
        spans.span_days,
        spans.period_end,
        spans.days_in_period,
        spans.days_elapsed,
        spans.is_complete,
        spans.history_from,
        spans.data_through_at,
        spans.is_orders_loaded,
        spans.is_traffic_loaded,
        spans.is_ads_loaded,
        spans.has_orders,
        spans.has_traffic,
        spans.has_ads,
        spans.stores_loaded,
        spans.own_span_days,
        spans.prev_period_start,
        spans.prev_span_days,
        spans.yoy_period_start,
        spans.yoy_span_days,
        spans.yoy_date_period_start,
        {%- for name in ['orders_created', 'orders_unpaid', 'orders_created_paid', 'orders_paid', 'guest_orders',
            'orders_cancelled_cohort', 'orders_fully_refunded_cohort', 'orders_partly_refunded_cohort', 'first_orders', 'refunds'] %}
        cast(case when spans.has_orders then added.{{ name }} end as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['buyers', 'new_buyers', 'returning_buyers', 'new_buyers_kept', 'repeat_in_period_buyers', 'returning_buyers_365d'] %}
        cast(case when spans.has_orders then coalesce(buyers.{{ name }}, 0) end as bigint) as {{ name }},
        {%- endfor %}
        cast(case when spans.has_orders then added.units end as decimal(18, 4)) as units_paid,
        cast(case when spans.has_orders then added.refund_units end as decimal(18, 4)) as refund_units,
        {%- for name in ['goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'list_amount', 'merchant_discount', 'platform_subsidy',
            'other_charged', 'gift_cards_sold', 'accounting_adjustments', 'first_order_amount', 'paid_amount_mature'] %}
        {{ mart_money('added.' ~ name, 'spans.has_orders and added.unrated_sales = 0') }} as {{ name }},
        {%- endfor %}
        {%- for name in ['refund_goods_cohort', 'refund_amount_cohort'] %}
        {{ mart_money('added.' ~ name, 'spans.has_orders and added.unrated_cohort = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('added.refund_amount_cohort_30d', 'spans.has_orders and added.unrated_cohort_30d = 0') }} as refund_amount_cohort_30d,
        spans.is_gift_cards_redeemed_loaded,
        {{ mart_money('added.gift_cards_redeemed', 'spans.is_gift_cards_redeemed_loaded and spans.has_orders and added.unrated_sales = 0') }} as gift_cards_redeemed,
        {%- for name in ['received', 'forfeited'] %}
        {{ mart_money('added.deposit_' ~ name, 'spans.has_orders and added.untold_' ~ name ~ ' = 0') }} as deposit_{{ name }},
        {%- endfor %}
        {{ mart_money('coalesce(buyers.new_buyer_amount, 0)', 'spans.has_orders and added.unrated_sales = 0') }} as new_buyer_amount,
        {%- for name in ['refund_goods', 'refund_shipping', 'refund_tax', 'refund_amount', 'refund_other', 'refund_amount_unlinked'] %}
        {{ mart_money('added.' ~ name, 'spans.has_orders and added.unrated_refunds = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('added.fx_difference', 'spans.has_orders and added.unrated_fx = 0') }} as fx_difference,
        {{ mart_money('added.goods_paid - added.refund_goods', 'spans.has_orders and added.unrated_sales + added.unrated_refunds = 0') }} as net_sales,
        {{ mart_money('added.goods_paid - added.refund_goods_cohort', 'spans.has_orders and added.unrated_cohort = 0') }} as net_sales_cohort,
        {{ mart_money('added.paid_amount + added.platform_subsidy', 'spans.has_orders and added.unrated_sales = 0') }} as merchant_receivable,
        stores.store_currency,
        {%- set of_one = "spans.has_orders and spans.store_id <> 'ALL' and added.unrated_" %}
        {%- for name in ['goods_paid', 'paid_amount'] %}
        {{ mart_money('added.' ~ name ~ '_store', of_one ~ 'sales_store = 0') }} as {{ name }}_store,
        {%- endfor %}
        {{ mart_money('added.refund_amount_store', of_one ~ 'refunds_store = 0') }} as refund_amount_store,
        {{ mart_money('added.goods_paid_store - added.refund_goods_store', of_one ~ 'sales_store + added.unrated_refunds_store = 0') }}
            as net_sales_store,
        visited.visitors,
        visited.new_visitors,
        {%- for name, told in [('visitor_days', 'visitors'), ('visitors_at_least', 'visitors'), ('page_views', 'page_views'),
            ('sessions', 'sessions')] %}
        cast(case when spans.has_traffic and added.untold_{{ told }} = 0 then coalesce(added.{{ name }}, 0) end as bigint) as {{ name }},
        {%- endfor %}
        {{ mart_money('added.ad_spend', 'spans.has_ads and added.unrated_ads = 0') }} as ad_spend,
        -- Null where no fee of a host was told, which does not mean that none was paid.
        {{ mart_money('added.kol_fees', 'added.told_fees > 0') }} as kol_fees,
        -- What was settled is known where the statements of every day are read.
        {%- set is_settled = 'added.is_settled = added.days' %}
        {%- set is_affiliate_told = 'added.is_affiliate_told = added.days' %}
        {{ is_settled }} as is_settlements_loaded,
        {{ is_affiliate_told }} as is_affiliate_loaded,
        {{ mart_money('added.affiliate_commission', is_affiliate_told ~ ' and added.unrated_affiliates = 0') }} as affiliate_commission,
        {{ mart_money('added.fees_platform', is_settled ~ ' and added.unrated_settlements = 0') }} as fees_platform,
        {{ mart_money(
            'added.fees_platform_store',
            is_settled ~ " and spans.store_id <> 'ALL' and added.unrated_settlements_store = 0"
        ) }} as fees_platform_store,
        -- With what is known of affiliates and hosts, so that days add up, and stores to ALL: of one without an ad account that is all.
        {{ mart_money(
            'added.ad_spend + added.kol_fees + added.affiliate_commission',
            '(spans.has_ads or (advertisers.store_id is null and added.told_fees + added.is_affiliate_told > 0))'
            ~ ' and added.unrated_ads + added.unrated_affiliates = 0'
        ) }} as marketing_cost,
        -- Whether that is of each day: four days of ads, or of what affiliates had, are no week of them.
        spans.is_ads_loaded
        or (advertisers.store_id is null and (
            {{ is_affiliate_told }} or (added.is_affiliate_told = 0 and added.told_fees > 0)
        )) as is_marketing_loaded,
        {{ mart_money('added.platform_claimed_value', 'spans.has_ads and added.unrated_ads + added.untold_claims = 0') }} as platform_claimed_value,
        {%- for name in ['clicks', 'impressions'] %}
        cast(case when spans.has_ads and added.untold_{{ name }} = 0 then added.ad_{{ name }} end as bigint) as ad_{{ name }},
        {%- endfor %}
        -- A ratio of figures from two sources is made only where both cover the whole span. Of the period in which the store's days begin, the
        -- platform's own count of visitors has more days than its orders.
        spans.is_orders_loaded and spans.is_traffic_loaded and spans.is_traffic_of_all and added.first_day = spans.period_start
            as has_both_traffic,
        spans.is_orders_loaded and spans.is_ads_loaded as has_both_ads
    from {{ ref('int_spans') }} as spans
    inner join added
        on spans.store_id = added.store_id and spans.grain = added.grain
        and spans.period_start = added.period_start and spans.span_days = added.span_days
    inner join visited
        on spans.store_id = visited.store_id and spans.grain = visited.grain
        and spans.period_start = visited.period_start and spans.span_days = visited.span_days
    left join {{ ref('int_buyers_by_period') }} as buyers
        on spans.store_id = buyers.store_id and spans.grain = buyers.grain
        and spans.period_start = buyers.period_start and spans.span_days = buyers.span_days
    left join {{ ref('int_stores') }} as stores on spans.store_id = stores.store_id
    left join (
        select distinct store_id from {{ ref('int_spans') }} where has_ads
    ) as advertisers
        on spans.store_id = advertisers.store_id

)

select
    measures.*,
    {{ ratio('orders_created_paid', 'orders_created') }} as pay_rate_created_cohort,
    {{ ratio('merchant_discount', 'list_amount') }} as discount_rate,
    {{ ratio('paid_amount', 'orders_paid') }} as aov,
    {{ ratio('paid_amount', 'buyers') }} as spend_per_buyer,
    {{ ratio('goods_paid', 'units_paid') }} as avg_unit_price,
    {{ ratio('units_paid', 'orders_paid') }} as units_per_order,
    {{ ratio('refund_amount', 'paid_amount') }} as refund_rate_flow,
    {{ ratio('refund_amount_cohort_30d', 'paid_amount_mature') }} as refund_rate_cohort_30d,
    case when has_both_traffic then {{ ratio('buyers', 'visitors') }} end as pay_conversion,
    case when has_both_traffic then {{ ratio('paid_amount', 'visitors') }} end as uv_value,
    case when has_both_ads then {{ ratio('ad_spend', 'paid_amount') }} end as mer_pct,
    case when has_both_ads then {{ ratio('net_sales', 'ad_spend') }} end as blended_roas,
    case when has_both_ads then {{ ratio('marketing_cost', 'buyers') }} end as cac,
    case when has_both_ads then {{ ratio('marketing_cost', 'new_buyers') }} end as ncac,
    case when has_both_ads then {{ ratio('first_order_amount', 'marketing_cost') }} end as new_buyer_roas,
    case when has_both_ads and net_sales > 0 then {{ ratio('marketing_cost', 'net_sales') }} end as cost_ratio,
    case when has_both_ads then {{ ratio('platform_claimed_value', 'paid_amount') }} end as overclaim_ratio
from measures
