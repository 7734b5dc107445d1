-- Everything of a store's day that may be added up, each on its own clock, and the same for all stores together.
-- Facts are added up apart before they meet, so nothing is counted twice. One row per store and day with an event.
{%- set paid = ['units', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'list_amount', 'merchant_discount',
    'platform_subsidy', 'other_charged', 'gift_cards_sold', 'gift_cards_redeemed', 'accounting_adjustments', 'goods_paid_store', 'paid_amount_store',
    'refund_goods_cohort', 'refund_amount_cohort', 'orders_paid', 'guest_orders',
    'orders_cancelled_cohort', 'orders_fully_refunded_cohort', 'orders_partly_refunded_cohort', 'first_orders',
    'first_order_amount', 'unrated_sales', 'unrated_sales_store', 'unrated_cohort'] %}
{%- set refunded = ['refunds', 'refund_units', 'refund_goods', 'refund_shipping', 'refund_tax', 'refund_amount', 'refund_other',
    'refund_amount_unlinked', 'fx_difference', 'refund_goods_store', 'refund_amount_store', 'unrated_refunds', 'unrated_refunds_store',
    'unrated_fx'] %}
{%- set mature = {'paid_amount_mature': 'paid_amount', 'refund_amount_cohort_30d': 'refund_amount_within_30d',
    'unrated_cohort_30d': 'unrated_within_30d'} %}
{%- set created = ['orders_created', 'orders_unpaid', 'orders_created_paid'] %}
{%- set deposits = ['deposit_received', 'deposit_forfeited', 'untold_received', 'untold_forfeited', 'deposits_paid', 'balances_paid'] %}

with

orders as (

    select * from {{ ref('int_orders') }}

),

refunds as (

    select * from {{ ref('int_refunds') }}

),

created as (

    select
        store_id,
        created_date as date_day,
        count(*) as orders_created,
        sum(case when paid_date is null then 1 else 0 end) as orders_unpaid,
        sum(case when paid_date is not null then 1 else 0 end) as orders_created_paid
    from orders
    where exclude_reason is null and created_date is not null
    group by store_id, created_date

),

paid as (

    select
        store_id,
        paid_date as date_day,
        sum(units) as units,
        sum(goods_paid) as goods_paid,
        sum(shipping_charged) as shipping_charged,
        sum(tax) as tax,
        sum(goods_paid + shipping_charged + tax) as paid_amount,
        sum(list_amount) as list_amount,
        sum(merchant_discount) as merchant_discount,
        sum(platform_subsidy) as platform_subsidy,
        sum(other_charged) as other_charged,
        sum(gift_cards_sold) as gift_cards_sold,
        sum(gift_cards_redeemed) as gift_cards_redeemed,
        sum(accounting_adjustments) as accounting_adjustments,
        sum(goods_paid_store) as goods_paid_store,
        sum(goods_paid_store + shipping_charged_store + tax_store) as paid_amount_store,
        sum(refund_goods_cohort) as refund_goods_cohort,
        sum(refund_goods_cohort + refund_shipping_cohort + refund_tax_cohort) as refund_amount_cohort,
        sum(refund_goods_cohort_30d + refund_shipping_cohort_30d + refund_tax_cohort_30d) as refund_amount_within_30d,
        sum(case when is_counted then 1 else 0 end) as orders_paid,
        sum(case when is_counted and buyer_key is null then 1 else 0 end) as guest_orders,
        sum(case when is_counted and outcome = 'cancelled' then 1 else 0 end) as orders_cancelled_cohort,
        sum(case when is_counted and outcome = 'fully_refunded' then 1 else 0 end) as orders_fully_refunded_cohort,
        sum(case when is_counted and outcome = 'partly_refunded' then 1 else 0 end) as orders_partly_refunded_cohort,
        sum(case when buyer_order_number = 1 then 1 else 0 end) as first_orders,
        sum(case when buyer_order_number = 1 then goods_paid + shipping_charged + tax else 0 end) as first_order_amount,
        sum(case when rate_to_reporting is null then 1 else 0 end) as unrated_sales,
        sum(case when rate_to_store is null then 1 else 0 end) as unrated_sales_store,
        -- Orders of which it is not known what was paid or what came back.
        count(*) - count(goods_paid - refund_goods_cohort) as unrated_cohort,
        count(*) - count(goods_paid - refund_goods_cohort_30d) as unrated_within_30d
    from orders
    where is_paid
    group by store_id, paid_date

),

refunded as (

    select
        store_id,
        refund_date as date_day,
        count(*) as refunds,
        sum(refund_units) as refund_units,
        sum(refund_goods) as refund_goods,
        sum(refund_shipping) as refund_shipping,
        sum(refund_tax) as refund_tax,
        sum(refund_goods + refund_shipping + refund_tax) as refund_amount,
        sum(refund_other) as refund_other,
        sum(case when is_linked then 0 else refund_goods + refund_shipping + refund_tax end) as refund_amount_unlinked,
        sum(case
            when is_linked
                then refund_goods + refund_shipping + refund_tax
                - refund_goods_cohort - refund_shipping_cohort - refund_tax_cohort
            else 0
        end) as fx_difference,
        sum(refund_goods_store) as refund_goods_store,
        sum(refund_goods_store + refund_shipping_store + refund_tax_store) as refund_amount_store,
        sum(case when rate_to_reporting is null then 1 else 0 end) as unrated_refunds,
        count(*) - count(refund_goods_store) as unrated_refunds_store,
        count(*) - count(case when is_linked then refund_goods - refund_goods_cohort else 0 end) as unrated_fx
    from refunds
    where is_counted
    group by store_id, refund_date

),

deposits as (

    select store_id, deposit_date as date_day, sum(deposit_received) as deposit_received, 0 as deposit_forfeited,
        -- The number of deposits of unknown amount or rate. With one of them the sum is unknown.
        count(*) - count(deposit_received) as untold_received, 0 as untold_forfeited,
        -- All deposits that were paid, forfeited ones too. A balance that was refunded later counts as paid.
        count(*) as deposits_paid, sum(case when is_paid then 1 else 0 end) as balances_paid
    from orders
    where exclude_reason is null and deposit_date is not null
    group by store_id, deposit_date

    union all

    select store_id, forfeited_date, 0, sum(deposit_forfeited), 0, count(*) - count(deposit_forfeited), 0, 0
    from orders
    where exclude_reason is null and forfeited_date is not null
    group by store_id, forfeited_date

),

traffic as (

    -- Where a store has several sites, nobody can tell which visitors they share. There were at least as many as on the site with the most.
    select
        store_id,
        period_start as date_day,
        sum(visitors) as visitor_days,
        max(visitors) as visitors_at_least,
        sum(page_views) as page_views,
        sum(sessions) as sessions,
        -- The number of sites without the figure. With one of them the day's sum is unknown.
        count(*) - count(visitors) as untold_visitors,
        count(*) - count(page_views) as untold_page_views,
        count(*) - count(sessions) as untold_sessions
    from {{ ref('int_traffic') }}
    where grain = 'day' and is_total and device = 'all'
    group by store_id, period_start

),

ads as (

    select
        store_id,
        report_date as date_day,
        sum(spend) as ad_spend,
        sum(clicks) as ad_clicks,
        sum(impressions) as ad_impressions,
        sum(conversion_value_platform) as platform_claimed_value,
        -- The number of accounts that do not say it. With one of them the sum is unknown. One that spent nothing has no clicks to tell, but
        -- may still sell.
        {%- for name in ['clicks', 'impressions'] %}
        sum(case when {{ name }} is null and not is_withdrawn and spend_orig is distinct from 0 then 1 else 0 end) as untold_{{ name }},
        {%- endfor %}
        sum(case when conversion_value_platform is null and not is_withdrawn then 1 else 0 end) as untold_claims,
        sum(unrated) as unrated_ads
    from {{ ref('int_ad_days') }}
    where entity_level = 'account'
    group by store_id, report_date

),

-- What hosts cost, by the merchant's own list: fees for places in a session, and commission on its sales. On the day of the session.
hosts as (

    select store_id, session_date as date_day, sum(coalesce(slot_fee, 0) + coalesce(commission, 0)) as kol_fees, count(*) as told_fees
    from {{ ref('int_live_by_session') }}
    where coalesce(slot_fee, commission) is not null
    group by store_id, session_date

),

events as (

    select store_id, date_day from created
    union
    select store_id, date_day from paid
    union
    select store_id, date_day from refunded
    union
    select store_id, date_day from deposits
    union
    select store_id, date_day from traffic
    union
    select store_id, date_day from ads
    union
    select store_id, date_day from hosts

),

deposit_days as (

    select store_id, date_day{% for name in deposits %}, sum({{ name }}) as {{ name }}{% endfor %}
    from deposits
    group by store_id, date_day

),

store_days as (

    select
        events.store_id,
        events.date_day,
        {%- for name in created %}
        coalesce(created.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        {%- for name in paid %}
        coalesce(paid.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        {%- for name in refunded %}
        coalesce(refunded.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        {%- for name in deposits %}
        coalesce(deposit_days.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        {%- for name, source in mature.items() %}
        case when events.date_day <= matured.mature_through then coalesce(paid.{{ source }}, 0) else 0 end as {{ name }},
        {%- endfor %}
        coalesce(traffic.visitor_days, 0) as visitor_days,
        coalesce(traffic.visitors_at_least, 0) as visitors_at_least,
        coalesce(traffic.page_views, 0) as page_views,
        coalesce(traffic.sessions, 0) as sessions,
        coalesce(traffic.untold_visitors, 0) as untold_visitors,
        coalesce(traffic.untold_page_views, 0) as untold_page_views,
        coalesce(traffic.untold_sessions, 0) as untold_sessions,
        coalesce(ads.ad_spend, 0) as ad_spend,
        coalesce(ads.ad_clicks, 0) as ad_clicks,
        coalesce(ads.ad_impressions, 0) as ad_impressions,
        coalesce(ads.platform_claimed_value, 0) as platform_claimed_value,
        coalesce(ads.untold_clicks, 0) as untold_clicks,
        coalesce(ads.untold_impressions, 0) as untold_impressions,
        coalesce(ads.untold_claims, 0) as untold_claims,
        coalesce(ads.unrated_ads, 0) as unrated_ads,
        coalesce(hosts.kol_fees, 0) as kol_fees,
        coalesce(hosts.told_fees, 0) as told_fees
    from events
    left join created on events.store_id = created.store_id and events.date_day = created.date_day
    left join paid on events.store_id = paid.store_id and events.date_day = paid.date_day
    left join refunded on events.store_id = refunded.store_id and events.date_day = refunded.date_day
    left join deposit_days on events.store_id = deposit_days.store_id and events.date_day = deposit_days.date_day
    left join traffic on events.store_id = traffic.store_id and events.date_day = traffic.date_day
    left join ads on events.store_id = ads.store_id and events.date_day = ads.date_day
    left join hosts on events.store_id = hosts.store_id and events.date_day = hosts.date_day
    left join {{ ref('int_mature_days') }} as matured on events.store_id = matured.store_id

),

-- A buyer's first order in a store need not be their first on the platform, so ALL has its own count.
first_orders_all as (

    select
        orders.paid_date as date_day,
        count(*) as first_orders,
        sum(orders.goods_paid + orders.shipping_charged + orders.tax) as first_order_amount
    from orders
    {{ joined_to_first_days('orders') }}
    where orders.buyer_order_number_all = 1 and {{ counts_in_all('orders.paid_date') }}
    group by orders.paid_date

)
{%- set rest = ['visitor_days', 'page_views', 'sessions', 'untold_visitors', 'untold_page_views', 'untold_sessions', 'ad_spend', 'ad_clicks', 'ad_impressions',
    'platform_claimed_value', 'untold_clicks', 'untold_impressions', 'untold_claims', 'unrated_ads', 'kol_fees', 'told_fees'] %}
{%- set firsts = ['first_orders', 'first_order_amount'] %}
{%- set of_orders = created + paid + refunded + deposits + mature.keys() | list %}
{%- set names = of_orders + rest %}

select
    store_id,
    date_day,
    visitors_at_least,
    {%- for name in names %}
    cast({{ name }} as decimal(38, 4)) as {{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from store_days

union all

select
    'ALL' as store_id,
    store_days.date_day,
    max(store_days.visitors_at_least) as visitors_at_least,
    {%- for name in names %}
    cast(
        {%- if name in firsts %}coalesce(max(first_orders_all.{{ name }}), 0)
        {%- elif name in of_orders %}sum(case when {{ counts_in_all('store_days.date_day') }} then store_days.{{ name }} else 0 end)
        {%- else %}sum(store_days.{{ name }})
        {%- endif %} as decimal(38, 4)
    ) as {{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from store_days
{{ joined_to_first_days('store_days') }}
left join first_orders_all on store_days.date_day = first_orders_all.date_day
group by store_days.date_day
