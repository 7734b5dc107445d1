-- One row per live session: what the platform's export says of its audience, and what its orders say of its sales.
with

sessions as (

    select *, viewers as session_viewers from {{ ref('int_live_by_session') }}

)

select
    store_id,
    live_id,
    host_id,
    host_name,
    session_date,
    started_at,
    ended_at,
    is_session_reported,
    '{{ var("reporting_currency") }}' as currency,
    {%- for name in ['seconds_on_air', 'views', 'viewers', 'peak_concurrent', 'watch_seconds', 'comments', 'likes', 'new_fans', 'product_exposures',
        'product_clicks', 'exposed_viewers', 'clicked_viewers', 'buyers', 'orders', 'order_lines', 'platform_buyers', 'platform_orders'] %}
    cast({{ name }} as bigint) as {{ name }},
    {%- endfor %}
    units,
    paid_amount_attributed,
    paid_amount_live,
    refund_cohort,
    net_sales_cohort,
    {{ mart_money('platform_paid_amount', 'true') }} as platform_paid_amount,
    {{ mart_money('slot_fee', 'true') }} as slot_fee,
    {{ mart_money('commission', 'true') }} as commission,
    {{ mart_money('sample_cost', 'true') }} as sample_cost,
    ad_spend,
    live_cost,
    {{ live_ratios() }}
from sessions
